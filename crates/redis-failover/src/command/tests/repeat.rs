use super::super::{CallOptions, Command, Repeat, RetrySafety};
use super::words;

fn assert_all(expected: Repeat, lines: &[&str]) {
    for line in lines {
        assert_eq!(Command::from(words(line)).repeat(), expected, "{line}");
        let lower = line.to_lowercase();
        assert_eq!(Command::from(words(&lower)).repeat(), expected, "{lower}");
    }
}

#[test]
fn b33_reads_change_nothing() {
    let lines = [
        "GET k",
        "MGET a b",
        "HGETALL h",
        "SCAN 0",
        "DBSIZE",
        "PING",
        "INFO",
        "TOUCH k",
        "PFCOUNT k",
        "SORT_RO l",
        "EVAL_RO x 0",
        "EVALSHA_RO x 0",
        "FCALL_RO f 0",
        "OBJECT ENCODING k",
        "MEMORY USAGE k",
        "CONFIG GET *",
        "XINFO STREAM s",
        "XREAD STREAMS s 0",
        "SCRIPT EXISTS x",
        "CLIENT LIST",
        "COMMAND",
        "COMMAND COUNT",
        "PUBSUB CHANNELS",
        "XINFO HELP",
        "ACL LOG",
        "CLUSTER SLOTS",
        "VSIM v ELE a",
        "DIGEST k",
        // Flagged as writes; only their options make them so.
        "GETEX k",
        "SORT l LIMIT 0 5",
        "GEORADIUS g 1 1 5 km",
        "BITFIELD k GET u8 0",
    ];
    assert_all(Repeat::ReadOnly, &lines);
}

#[test]
fn b33_idempotent_commands_have_the_same_effect_and_the_same_reply() {
    let lines = [
        "SET k v",
        "SET k v EX 60",
        "SET k v PX 60 KEEPTTL",
        "SET k v EXAT 1",
        "SETEX k 60 v",
        "PSETEX k 60 v",
        "MSET a 1 b 2",
        "MSETEX 2 a NX b XX EX 60",
        "HMSET h f v",
        "HSETEX h EX 60 FIELDS 1 FNX v",
        "SETRANGE k 3 x",
        "LSET l 0 v",
        "EXPIRE k 60",
        "PEXPIRE k 60",
        "HEXPIRE h 60 FIELDS 1 f",
        "GETEX k EX 60",
        "GETEX k PERSIST",
        "HGETEX h EX 60 FIELDS 1 f",
        "PFMERGE d a b",
        "XSETID s 5-1",
        "XGROUP SETID s g $",
        "COPY a b REPLACE",
        "RESTORE k 0 dump REPLACE",
        "SCRIPT LOAD x",
        "SCRIPT FLUSH",
        "FUNCTION LOAD REPLACE x",
        "SINTERSTORE d a b",
        "ZUNIONSTORE d 2 a b",
        "ZRANGESTORE d s 0 5",
        "GEOSEARCHSTORE d s BYBOX 1 1 km",
        "GEORADIUS g 1 1 5 km STORE d",
        "BITOP NOT d s",
        "SORT l STORE d",
    ];
    assert_all(Repeat::Idempotent, &lines);
}

#[test]
fn b33_some_commands_have_the_same_effect_and_another_reply() {
    let lines = [
        "DEL k",
        "UNLINK k",
        "DELEX k IFEQ v",
        "SADD s m",
        "SREM s m",
        "HSET h f v",
        "HDEL h f",
        "ZADD z 1 m",
        "ZADD z CH 1 m",
        "ZADD z GT CH 1 m",
        "ZADD z NX 1 incr",
        "ZREM z m",
        "ZREMRANGEBYSCORE z 0 5",
        "GEOADD g 1 1 m",
        "PFADD p m",
        "SETBIT k 0 1",
        "BITFIELD k SET u8 0 1",
        "SETNX k v",
        "HSETNX h f v",
        "MSETNX a 1",
        "MSETEX 1 a 1 NX",
        "HSETEX h FNX FIELDS 1 f v",
        "SET k v NX",
        "SET k v XX",
        "SET k v GET",
        "SET k v PX 60 NX GET",
        "SET k v IFEQ NX",
        "SET k v IFEQ old",
        "GETSET k v",
        "GETDEL k",
        "HGETDEL h FIELDS 1 f",
        "PERSIST k",
        "EXPIRE k 60 NX",
        "EXPIRE k 60 GT",
        "EXPIRE k 0",
        "EXPIRE k -1",
        "EXPIREAT k 1893456000",
        "HEXPIRE h 60 GT FIELDS 1 f",
        "GETEX k EXAT 1893456000",
        "COPY a b",
        "RENAME a b",
        "RENAMENX a b",
        "MOVE k 1",
        "SMOVE a b m",
        "LREM l 0 v",
        "XADD s 5-1 f v",
        "XADD s MAXLEN ~ 100 LIMIT 5 7 f v",
        "XADD s NOMKSTREAM MINID 3 7 f *",
        "XACK s g 1-1",
        "XDEL s 1-1",
        "XTRIM s MAXLEN 5",
        "XGROUP CREATE s g $",
        "XGROUP DESTROY s g",
        "RESTORE k 0 dump",
        "FUNCTION LOAD x",
        "VADD v VALUES 1 1 m",
        "VREM v m",
    ];
    assert_all(Repeat::SameEffect, &lines);
}

#[test]
fn b33_other_commands_are_never_the_same_twice() {
    let lines = [
        "INCR k",
        "DECRBY k 2",
        "INCRBYFLOAT k 2",
        "APPEND k v",
        "HINCRBY h f 1",
        "ZINCRBY z 1 m",
        "ZADD z NX INCR 1 m",
        "BITFIELD k SET u8 0 1 INCRBY u8 0 1",
        "LPUSH l v",
        "RPUSHX l v",
        "LINSERT l BEFORE a b",
        "LPOP l",
        "SPOP s",
        "ZPOPMIN z",
        "LMOVE a b LEFT RIGHT",
        "BLPOP l 1",
        "BLMOVE a b LEFT RIGHT 1",
        "LREM l 1 v",
        "LREM l -1 v",
        "ZREMRANGEBYRANK z 0 0",
        "XADD s * f v",
        "XADD s 5-* f v",
        "XADD s MAXLEN = 5 * f v",
        "XADD s",
        "XREADGROUP GROUP g c STREAMS s >",
        "XCLAIM s g c 0 1-1",
        "XAUTOCLAIM s g c 0 0",
        "EVAL x 0",
        "EVALSHA x 0",
        "FCALL f 0",
        "PUBLISH c m",
        "SPUBLISH c m",
        "WAIT 1 0",
        "WAITAOF 1 1 0",
        "FLUSHALL",
        "FLUSHDB",
        "SWAPDB 0 1",
        "CONFIG SET a b",
        "CLIENT KILL ID 1",
        "SCRIPT KILL",
        "SCRIPT",
        "ACL LOG RESET",
        "ACL SETUSER u",
        "SHUTDOWN",
        "DEBUG SLEEP 0",
        "MULTI",
        "EXEC",
        "MIGRATE h 1 k 0 1",
        "SET k v WHATEVER",
        "NO.SUCH k",
        "",
    ];
    assert_all(Repeat::Never, &lines);
}

#[test]
fn b33_ltrim_is_idempotent_only_where_the_second_cut_leaves_the_list_alone() {
    assert_all(
        Repeat::Idempotent,
        &["LTRIM l 0 99", "LTRIM l 0 -1", "LTRIM l -100 -1", "LTRIM l 1 0", "LTRIM l -1 -2"],
    );
    // Each of these takes something off at every application.
    assert_all(
        Repeat::Never,
        &[
            "LTRIM l 1 -1",
            "LTRIM l 0 -2",
            "LTRIM l 2 5",
            "LTRIM l 5 5",
            "LTRIM l -3 5",
            "LTRIM l a b",
            "LTRIM l",
        ],
    );
}

#[test]
fn b33_storing_into_a_source_is_not_the_same_twice() {
    let lines = [
        "SDIFFSTORE b a b",
        "ZUNIONSTORE a 2 a b",
        "BITOP XOR a a b",
        "GEORADIUS g 1 1 5 km STOREDIST g",
        "SORT l LIMIT 1 5 STORE l",
        "SORT l BY w_* STORE w_1",
    ];
    for line in lines {
        assert_eq!(Command::from(words(line)).repeat(), Repeat::Never, "{line}");
    }
}

#[test]
fn b33_each_level_of_safety_includes_the_ones_before_it() {
    let levels = [RetrySafety::ReadOnly, RetrySafety::Idempotent, RetrySafety::SameEffect, RetrySafety::All];
    let costs = [Repeat::ReadOnly, Repeat::Idempotent, Repeat::SameEffect, Repeat::Never];
    for (level, safety) in levels.into_iter().enumerate() {
        for (cost, repeat) in costs.into_iter().enumerate() {
            assert_eq!(safety.allows(repeat), cost <= level, "{safety:?} {repeat:?}");
        }
    }
}

#[test]
fn b33_idempotent_is_the_default_and_a_call_may_say_otherwise() {
    assert_eq!(RetrySafety::default(), RetrySafety::Idempotent);
    let del = Command::from(words("DEL k"));
    assert!(!del.may_repeat(RetrySafety::default()));
    assert!(
        del.clone()
            .with(CallOptions::new().safety(RetrySafety::SameEffect))
            .may_repeat(RetrySafety::ReadOnly)
    );

    let set = Command::from(words("SET k v")).with(CallOptions::new().safety(RetrySafety::ReadOnly));
    assert!(!set.may_repeat(RetrySafety::All));
    assert!(Command::from(words("INCR k")).may_repeat(RetrySafety::All));
}
