//! What applying one command twice costs.
//!
//! The question is always: *if nobody else writes in between*, do two applications leave the same data, and is
//! the second reply the one that the first would have been? Where an option, a place or a name is not
//! understood, the answer is the cautious one.

use redis::Cmd;

use super::{
    arguments::Arguments,
    table::{self, Entry},
};

/// What it costs if a command is applied twice, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repeat {
    /// It changes nothing.
    ReadOnly,
    /// The same effect and the same reply.
    Idempotent,
    /// The same effect, perhaps another reply.
    SameEffect,
    /// Another effect; also everything unknown.
    Never,
}

/// What a command takes from the data it finds: decides whether a pipeline may change that data after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depends {
    /// Nothing: `SET`, `PING`.
    Nothing,
    /// Its reply only: `GET`, `SADD`.
    Reply,
    /// Its effect: `SET NX`, `COPY`, `EXPIRE`.
    Effect,
}

/// The verdict on one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) repeat: Repeat,
    pub(super) depends: Depends,
}

impl Rule {
    const fn new(repeat: Repeat, depends: Depends) -> Self {
        Self { repeat, depends }
    }
}

/// Changes nothing and says nothing of the data: `PING`.
const NEUTRAL: Rule = Rule::new(Repeat::ReadOnly, Depends::Nothing);
/// `GET`.
const READ: Rule = Rule::new(Repeat::ReadOnly, Depends::Reply);
/// Puts a given value, answers `OK`: `SET`.
const PUT: Rule = Rule::new(Repeat::Idempotent, Depends::Nothing);
/// Puts a given value, answers what holds afterwards: `SETRANGE`.
const PUT_AND_REPORT: Rule = Rule::new(Repeat::Idempotent, Depends::Reply);
/// Computes from other data, alike each time: `COPY REPLACE`, `SINTERSTORE`.
const DERIVED: Rule = Rule::new(Repeat::Idempotent, Depends::Effect);
/// Puts or removes given things, answers what has changed: `DEL`, `SADD`.
const CHANGE: Rule = Rule::new(Repeat::SameEffect, Depends::Reply);
/// Does something on a condition that its own first application may answer: `SET NX`.
const CONDITIONAL: Rule = Rule::new(Repeat::SameEffect, Depends::Effect);
/// `INCR`.
const NEVER: Rule = Rule::new(Repeat::Never, Depends::Effect);

/// Judges one command.
pub(super) fn rule(command: &Cmd) -> Rule {
    match table::lookup(command) {
        Some(entry) if entry.is_read_only() => READ,
        Some(entry) if entry.is_write() => write(entry, &Arguments::of(command)),
        Some(entry) => other(entry, &Arguments::of(command)),
        None => NEVER,
    }
}

#[rustfmt::skip] // It would put each name on a line of its own.
fn write(entry: Entry, words: &Arguments<'_>) -> Rule {
    match entry.name() {
        "MSET" | "SETEX" | "PSETEX" | "HMSET" => PUT,
        "SETRANGE" => PUT_AND_REPORT,
        // The reply counts or tells what was there; GETSET and GETDEL would now tell of the first application.
        "GETSET" | "GETDEL" | "HGETDEL" | "DEL" | "UNLINK" | "SETBIT" | "PFADD" | "SADD" | "SREM" | "HSET"
        | "HDEL" | "ZREM" | "XDEL" | "XACK" | "XDELEX" | "XACKDEL" => CHANGE,
        "LSET" | "PFMERGE" | "XSETID" | "VSETATTR" | "XGROUP SETID" => DERIVED,
        // EXPIREAT deletes if its moment has passed, and then finds nothing. RENAME, MOVE and SMOVE find nothing to move the second time; XTRIM with ~ may drop some more of what
        // it was told it may drop.
        "EXPIREAT" | "PEXPIREAT" | "HEXPIREAT" | "HPEXPIREAT" | "SETNX" | "MSETNX" | "HSETNX" | "DELEX" | "DELIFEQ" | "PERSIST" | "HPERSIST" | "RENAME"
        | "RENAMENX" | "MOVE" | "SMOVE" | "XTRIM" | "ZREMRANGEBYSCORE" | "ZREMRANGEBYLEX" | "VADD" | "VREM"
        | "XGROUP CREATE" | "XGROUP DESTROY" | "XGROUP CREATECONSUMER" | "XGROUP DELCONSUMER"
        | "FUNCTION DELETE" => CONDITIONAL,
        "SET" => set(words),
        "MSETEX" => {
            // Behind the pairs; a value may be called NX.
            let options = words.number(1).and_then(|pairs| usize::try_from(pairs).ok()).unwrap_or(0);
            put_unless(words.has(options.saturating_mul(2).saturating_add(2), &["NX", "XX"]))
        }
        "HSETEX" => {
            let fields = words.find(2, &["FIELDS"]).unwrap_or(words.len());
            match words.find(2, &["FNX", "FXX"]) {
                Some(at) if at < fields => CONDITIONAL,
                _ => PUT_AND_REPORT,
            }
        }
        "GETEX" => get_and_expire(words, words.len()),
        "HGETEX" => get_and_expire(words, words.find(2, &["FIELDS"]).unwrap_or(words.len())),
        "EXPIRE" | "PEXPIRE" => expire(words, words.len() > 3),
        "HEXPIRE" | "HPEXPIRE" => expire(words, !words.is(3, "FIELDS")),
        "ZADD" | "GEOADD" => add_scored(words),
        "BITFIELD" => bit_field(words),
        "LREM" if words.number(2) == Some(0) => CONDITIONAL,
        "LTRIM" => trim_list(words),
        "XADD" => add_to_stream(words),
        "COPY" | "RESTORE" | "FUNCTION LOAD" => {
            if words.has(2, &["REPLACE"]) {
                DERIVED
            } else {
                CONDITIONAL
            }
        }
        "SINTERSTORE" | "SUNIONSTORE" | "SDIFFSTORE" | "ZINTERSTORE" | "ZUNIONSTORE" | "ZDIFFSTORE"
        | "ZRANGESTORE" | "GEOSEARCHSTORE" => store(words, 1),
        "BITOP" => store(words, 2),
        "SORT" => sort(words),
        "GEORADIUS" | "GEORADIUSBYMEMBER" => match words.find(4, &["STORE", "STOREDIST"]) {
            Some(option) => store(words, option + 1),
            None => READ,
        },
        // Counters, appends, pops and pushes, ranks, deliveries. Also whatever wipes or swaps data that the
        // command does not name (FLUSHALL): a repeat would take along what others wrote in between.
        _ => NEVER,
    }
}

/// Commands that Redis flags neither as reading nor as writing data.
#[rustfmt::skip]
fn other(entry: Entry, words: &Arguments<'_>) -> Rule {
    match entry.name() {
        // Kept by digest: the same script gives the same reply, and flushing twice is flushing.
        "SCRIPT LOAD" | "SCRIPT FLUSH" => PUT,
        "SCRIPT EXISTS" | "SCRIPT SHOW" | "FUNCTION LIST" | "FUNCTION DUMP" => READ,
        "PING" | "ECHO" | "TIME" | "INFO" | "ROLE" | "LASTSAVE" | "COMMAND" | "CLIENT GETNAME"
        | "CLIENT ID" | "CLIENT INFO" | "CLIENT LIST" | "CLIENT GETREDIR" | "CLIENT TRACKINGINFO"
        | "CONFIG GET" | "FUNCTION STATS" | "SLOWLOG GET" | "SLOWLOG LEN" | "COMMANDLOG GET"
        | "COMMANDLOG LEN" | "MODULE LIST" | "MEMORY DOCTOR" | "MEMORY STATS" | "MEMORY MALLOC-STATS"
        | "LATENCY DOCTOR" | "LATENCY GRAPH" | "LATENCY HISTOGRAM" | "LATENCY HISTORY" | "LATENCY LATEST"
        | "ACL CAT" | "ACL DRYRUN" | "ACL GETUSER" | "ACL LIST" | "ACL USERS" | "ACL WHOAMI"
        | "CLUSTER COUNTKEYSINSLOT" | "CLUSTER COUNT-FAILURE-REPORTS" | "CLUSTER GETKEYSINSLOT"
        | "CLUSTER GETSLOTMIGRATIONS" | "CLUSTER INFO" | "CLUSTER KEYSLOT" | "CLUSTER LINKS"
        | "CLUSTER MYID" | "CLUSTER MYSHARDID" | "CLUSTER NODES" | "CLUSTER REPLICAS" | "CLUSTER SHARDS"
        | "CLUSTER SLAVES" | "CLUSTER SLOT-STATS" | "CLUSTER SLOTS" => NEUTRAL,
        "ACL LOG" if !words.is(2, "RESET") => NEUTRAL,
        name if name.starts_with("COMMAND ") || name.starts_with("PUBSUB ") || name.ends_with(" HELP") => {
            NEUTRAL
        }
        // Scripts may do anything, PUBLISH is heard twice, WAIT speaks of this connection's own writes, and the
        // administrative ones are meant for one server, not for the one that a repeat would reach.
        _ => NEVER,
    }
}

fn put_unless(condition: bool) -> Rule {
    if condition { CONDITIONAL } else { PUT }
}

/// A relative time to live counts from the last application: the same effect for all that is known here.
fn set(words: &Arguments<'_>) -> Rule {
    let mut rule = PUT;
    let mut at = 3;
    while at < words.len() {
        if words.has_at(at, &["EX", "PX", "EXAT", "PXAT"]) {
            at += 1;
        } else if words.has_at(at, &["IFEQ", "IFNE", "IFDEQ", "IFDNE"]) {
            rule = CONDITIONAL;
            at += 1;
        } else if words.has_at(at, &["NX", "XX"]) {
            rule = CONDITIONAL;
        } else if words.is(at, "GET") {
            rule = if rule == PUT { CHANGE } else { rule };
        } else if !words.is(at, "KEEPTTL") {
            return NEVER;
        }
        at += 1;
    }
    rule
}

fn get_and_expire(words: &Arguments<'_>, options_end: usize) -> Rule {
    match words.find(2, &["EX", "PX", "EXAT", "PXAT", "PERSIST"]).filter(|&at| at < options_end) {
        None => READ,
        // See EXPIREAT.
        Some(at) if words.has_at(at, &["EXAT", "PXAT"]) => CONDITIONAL,
        Some(_) => DERIVED,
    }
}

/// A time to live that is not positive deletes, and the second application finds nothing.
fn expire(words: &Arguments<'_>, has_condition: bool) -> Rule {
    if !has_condition && words.number(2).is_some_and(|time| time > 0) { DERIVED } else { CONDITIONAL }
}

fn add_scored(words: &Arguments<'_>) -> Rule {
    let mut rule = CHANGE;
    for at in 2..words.len() {
        if words.is(at, "INCR") {
            return NEVER;
        } else if words.has_at(at, &["NX", "XX", "GT", "LT"]) {
            rule = CONDITIONAL;
        } else if !words.is(at, "CH") {
            break;
        }
    }
    rule
}

fn bit_field(words: &Arguments<'_>) -> Rule {
    if words.has(2, &["INCRBY"]) {
        NEVER
    } else if words.has(2, &["SET"]) {
        CHANGE
    } else {
        READ
    }
}

/// A range that still covers everything once it has been cut, or that leaves nothing, is the same the second
/// time. `LTRIM key 1 -1` is not: it drops the head at each application.
fn trim_list(words: &Arguments<'_>) -> Rule {
    let (Some(start), Some(stop)) = (words.number(2), words.number(3)) else {
        return NEVER;
    };
    let covers = (start == 0 && stop >= -1) || (start < 0 && stop == -1);
    let empties = start > stop && (start < 0) == (stop < 0);
    if covers || empties { DERIVED } else { NEVER }
}

/// An entry with a full id of its own is refused the second time; `*` makes another one.
fn add_to_stream(words: &Arguments<'_>) -> Rule {
    let mut at = 2;
    loop {
        if words.has_at(at, &["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"]) {
            at += 1;
        } else if words.has_at(at, &["MAXLEN", "MINID"]) {
            at += if words.has_at(at + 1, &["=", "~"]) { 3 } else { 2 };
        } else if words.is(at, "LIMIT") {
            at += 2;
        } else {
            break;
        }
    }
    let id = words.get(at);
    let is_full = id.first().is_some_and(u8::is_ascii_digit) && !id.contains(&b'*');
    if is_full { CONDITIONAL } else { NEVER }
}

/// The sources decide, and they are as they were: unless the destination is one of them.
fn store(words: &Arguments<'_>, destination: usize) -> Rule {
    let key = words.get(destination);
    let occurrences = words.from(1).filter(|word| *word == key).count();
    if occurrences == 1 { DERIVED } else { NEVER }
}

fn sort(words: &Arguments<'_>) -> Rule {
    match words.find(2, &["STORE"]) {
        None => READ,
        // The patterns of BY and GET may name the destination.
        Some(_) if words.has(2, &["BY", "GET"]) => NEVER,
        Some(option) => store(words, option + 1),
    }
}
