//! The one table of commands: name, arity, flags, keys and what runs it.

use super::{
    Answer, Context, Outcome, Refusal, connection as conn, counters, hashes, info, keys, lists, pubsub, sets,
    strings, transactions as tx,
};
use crate::embedded::resp::Value;

/// A command's properties, as in the command table of Redis.
pub(in crate::embedded) struct Flags;

impl Flags {
    /// May change data.
    pub(in crate::embedded) const WRITE: u16 = 1;
    /// Only reads data.
    pub(in crate::embedded) const READONLY: u16 = 1 << 1;
    /// May take memory, so it is refused when there is none left.
    pub(in crate::embedded) const DENYOOM: u16 = 1 << 2;
    /// Allowed while the data is being loaded.
    pub(in crate::embedded) const LOADING: u16 = 1 << 3;
    /// Allowed on a replica that has lost its master.
    pub(in crate::embedded) const STALE: u16 = 1 << 4;
    /// Allowed before authentication.
    pub(in crate::embedded) const NO_AUTH: u16 = 1 << 5;
    /// Refused inside a transaction. (Redis lets subscriptions through there.)
    pub(in crate::embedded) const NO_MULTI: u16 = 1 << 6;
    /// Allowed to a RESP2 client that has subscribed.
    pub(in crate::embedded) const PUBSUB: u16 = 1 << 7;
    /// May wait.
    pub(in crate::embedded) const BLOCKING: u16 = 1 << 8;
    /// Allowed while a script runs for too long.
    pub(in crate::embedded) const ALLOW_BUSY: u16 = 1 << 9;
    /// Not queued inside a transaction.
    pub(in crate::embedded) const IMMEDIATE: u16 = 1 << 10;

    const NAMES: [(u16, &'static str); 10] = [
        (Self::WRITE, "write"),
        (Self::READONLY, "readonly"),
        (Self::DENYOOM, "denyoom"),
        (Self::LOADING, "loading"),
        (Self::STALE, "stale"),
        (Self::NO_AUTH, "no_auth"),
        (Self::NO_MULTI, "no_multi"),
        (Self::PUBSUB, "pubsub"),
        (Self::BLOCKING, "blocking"),
        (Self::ALLOW_BUSY, "allow_busy"),
    ];
}

/// What runs a command.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// Always replies.
    Reply(fn(&mut Context<'_>, &[Vec<u8>]) -> Answer),
    /// May do otherwise.
    Act(fn(&mut Context<'_>, &[Vec<u8>]) -> Result<Outcome, Refusal>),
}

/// A row of the table.
#[derive(Debug)]
pub(in crate::embedded) struct Command {
    pub(in crate::embedded) name: &'static str,
    /// Number of arguments with the name; if negative, at least so many.
    arity: i64,
    flags: u16,
    /// The first and last key among the arguments and the step between keys, as COMMAND INFO has them.
    keys: [i64; 3],
    run: Run,
}

impl Command {
    pub(in crate::embedded) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Whether a request of so many words, the name included, is possible.
    pub(in crate::embedded) fn takes(&self, words: usize) -> bool {
        let words = i64::try_from(words).unwrap_or(i64::MAX);
        if self.arity < 0 { words >= -self.arity } else { words == self.arity }
    }

    /// Runs it with the arguments after its name.
    pub(super) fn run(&self, context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Result<Outcome, Refusal> {
        match self.run {
            Run::Reply(run) => run(context, arguments).map(Outcome::Reply),
            Run::Act(run) => run(context, arguments),
        }
    }

    /// The entry of COMMAND INFO.
    pub(super) fn describe(&self) -> Value {
        let names = Flags::NAMES.iter().filter(|(flag, _)| self.has(*flag));
        let mut entry = vec![
            Value::text(self.name),
            Value::Integer(self.arity),
            Value::Set(names.map(|(_, name)| Value::Simple((*name).into())).collect()),
        ];
        entry.extend(self.keys.map(Value::Integer));
        // Access categories, tips, key specifications, subcommands: none are kept.
        entry.push(Value::Set(Vec::new()));
        entry.extend([const { Value::Array(Vec::new()) }; 3]);
        Value::Array(entry)
    }
}

/// The command of this name, in either case.
pub(in crate::embedded) fn find(name: &[u8]) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.as_bytes().eq_ignore_ascii_case(name))
}

const fn reply(
    name: &'static str,
    arity: i64,
    flags: u16,
    keys: [i64; 3],
    run: fn(&mut Context<'_>, &[Vec<u8>]) -> Answer,
) -> Command {
    Command { name, arity, flags, keys, run: Run::Reply(run) }
}

const fn act(
    name: &'static str,
    arity: i64,
    flags: u16,
    keys: [i64; 3],
    run: fn(&mut Context<'_>, &[Vec<u8>]) -> Result<Outcome, Refusal>,
) -> Command {
    Command { name, arity, flags, keys, run: Run::Act(run) }
}

const READ: u16 = Flags::READONLY;
const WRITE: u16 = Flags::WRITE;
/// Writes that take memory.
const GROW: u16 = Flags::WRITE | Flags::DENYOOM;
const WAIT: u16 = Flags::WRITE | Flags::BLOCKING;
/// Always allowed, whatever state the data is in.
const ADMIN: u16 = Flags::LOADING | Flags::STALE;
const TX: u16 = ADMIN | Flags::ALLOW_BUSY | Flags::IMMEDIATE;
const HELLO: u16 = ADMIN | Flags::ALLOW_BUSY | Flags::NO_AUTH;
const LISTEN: u16 = ADMIN | Flags::PUBSUB | Flags::NO_MULTI;

const NO_KEYS: [i64; 3] = [0, 0, 0];
const ONE: [i64; 3] = [1, 1, 1];
const ALL: [i64; 3] = [1, -1, 1];
const ALL_BUT_LAST: [i64; 3] = [1, -2, 1];

pub(super) static COMMANDS: &[Command] = &[
    // Strings.
    reply("get", 2, READ, ONE, strings::get),
    reply("set", -3, GROW, ONE, strings::set),
    reply("setnx", 3, GROW, ONE, strings::setnx),
    reply("setex", 4, GROW, ONE, strings::setex),
    reply("psetex", 4, GROW, ONE, strings::psetex),
    reply("getset", 3, GROW, ONE, strings::getset),
    reply("getdel", 2, WRITE, ONE, strings::getdel),
    reply("getex", -2, WRITE, ONE, strings::getex),
    reply("mget", -2, READ, ALL, strings::mget),
    reply("mset", -3, GROW, [1, -1, 2], strings::mset),
    reply("append", 3, GROW, ONE, strings::append),
    reply("strlen", 2, READ, ONE, strings::strlen),
    reply("incr", 2, GROW, ONE, counters::incr),
    reply("decr", 2, GROW, ONE, counters::decr),
    reply("incrby", 3, GROW, ONE, counters::incrby),
    reply("decrby", 3, GROW, ONE, counters::decrby),
    // Keys.
    reply("exists", -2, READ, ALL, keys::exists),
    reply("del", -2, WRITE, ALL, keys::del),
    reply("unlink", -2, WRITE, ALL, keys::del),
    reply("type", 2, READ, ONE, keys::type_of),
    reply("keys", 2, READ, NO_KEYS, keys::keys),
    reply("scan", -2, READ, NO_KEYS, keys::scan),
    reply("expire", 3, WRITE, ONE, keys::expire),
    reply("pexpire", 3, WRITE, ONE, keys::pexpire),
    reply("persist", 2, WRITE, ONE, keys::persist),
    reply("ttl", 2, READ, ONE, keys::ttl),
    reply("pttl", 2, READ, ONE, keys::pttl),
    reply("dbsize", 1, READ, NO_KEYS, keys::dbsize),
    reply("flushdb", -1, WRITE, NO_KEYS, keys::flushdb),
    reply("flushall", -1, WRITE, NO_KEYS, keys::flushall),
    // Sets.
    reply("sadd", -3, GROW, ONE, sets::sadd),
    reply("srem", -3, WRITE, ONE, sets::srem),
    reply("smembers", 2, READ, ONE, sets::smembers),
    reply("sismember", 3, READ, ONE, sets::sismember),
    reply("scard", 2, READ, ONE, sets::scard),
    reply("sscan", -3, READ, ONE, sets::sscan),
    // Hashes.
    reply("hset", -4, GROW, ONE, hashes::hset),
    reply("hmset", -4, GROW, ONE, hashes::hmset),
    reply("hmget", -3, READ, ONE, hashes::hmget),
    reply("hget", 3, READ, ONE, hashes::hget),
    reply("hdel", -3, WRITE, ONE, hashes::hdel),
    reply("hgetall", 2, READ, ONE, hashes::hgetall),
    reply("hlen", 2, READ, ONE, hashes::hlen),
    reply("hexists", 3, READ, ONE, hashes::hexists),
    reply("hincrby", 4, GROW, ONE, hashes::hincrby),
    reply("hscan", -3, READ, ONE, hashes::hscan),
    // Lists.
    reply("lpush", -3, GROW, ONE, lists::lpush),
    reply("rpush", -3, GROW, ONE, lists::rpush),
    reply("lpop", -2, WRITE, ONE, lists::lpop),
    reply("rpop", -2, WRITE, ONE, lists::rpop),
    reply("llen", 2, READ, ONE, lists::llen),
    reply("lrange", 4, READ, ONE, lists::lrange),
    reply("ltrim", 4, WRITE, ONE, lists::ltrim),
    act("blpop", -3, WAIT, ALL_BUT_LAST, lists::blpop),
    act("brpop", -3, WAIT, ALL_BUT_LAST, lists::brpop),
    // Transactions.
    reply("multi", 1, TX, NO_KEYS, tx::multi),
    reply("exec", 1, TX, NO_KEYS, tx::exec),
    reply("discard", 1, TX, NO_KEYS, tx::discard),
    reply("watch", -2, TX, ALL, tx::watch),
    reply("unwatch", 1, ADMIN | Flags::ALLOW_BUSY, NO_KEYS, tx::unwatch),
    // Messages.
    act("subscribe", -2, LISTEN, NO_KEYS, pubsub::subscribe),
    act("unsubscribe", -1, LISTEN, NO_KEYS, pubsub::unsubscribe),
    act("psubscribe", -2, LISTEN, NO_KEYS, pubsub::psubscribe),
    act("punsubscribe", -1, LISTEN, NO_KEYS, pubsub::punsubscribe),
    act("ssubscribe", -2, LISTEN, ALL, pubsub::ssubscribe),
    act("sunsubscribe", -1, LISTEN, ALL, pubsub::sunsubscribe),
    reply("publish", 3, ADMIN, NO_KEYS, pubsub::publish),
    reply("spublish", 3, ADMIN, ONE, pubsub::spublish),
    // The connection.
    reply("ping", -1, Flags::PUBSUB, NO_KEYS, conn::ping),
    reply("echo", 2, ADMIN, NO_KEYS, conn::echo),
    reply("hello", -1, HELLO, NO_KEYS, conn::hello),
    reply("auth", -2, HELLO, NO_KEYS, conn::auth),
    reply("select", 2, ADMIN, NO_KEYS, conn::select),
    act("client", -2, ADMIN, NO_KEYS, conn::client),
    reply("reset", 1, HELLO | Flags::PUBSUB | Flags::IMMEDIATE, NO_KEYS, conn::reset),
    act("quit", -1, HELLO | Flags::PUBSUB | Flags::IMMEDIATE, NO_KEYS, conn::quit),
    // The server.
    reply("info", -1, ADMIN, NO_KEYS, info::info),
    reply("role", 1, ADMIN, NO_KEYS, info::role),
    reply("time", 1, ADMIN, NO_KEYS, info::time),
    reply("command", -1, ADMIN, NO_KEYS, info::command),
    reply("config", -2, ADMIN, NO_KEYS, info::config),
    reply("wait", 3, Flags::BLOCKING, NO_KEYS, info::wait),
    act("debug", -2, ADMIN, NO_KEYS, info::debug),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_found_in_either_case() {
        let names: BTreeSet<_> = COMMANDS.iter().map(|command| command.name).collect();
        assert_eq!(names.len(), COMMANDS.len());
        assert_eq!(find(b"GeT").map(|command| command.name), Some("get"));
        assert!(find(b"eval").is_none());
    }

    #[test]
    fn no_command_both_reads_and_writes() {
        for command in COMMANDS {
            assert!(!(command.has(Flags::READONLY) && command.has(Flags::WRITE)), "{}", command.name);
        }
    }
}
