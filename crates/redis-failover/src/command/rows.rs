//! The table's data.
//!
//! Union of what `COMMAND` answers on Redis 7.0.15 and Valkey 9.1.2, with the commands of Redis 8 that neither
//! knows (`V*`, `DELEX`, `DIGEST`, `XDELEX`, `XACKDEL`, and `JSON.MSET`, which redis-rs spreads over the nodes of a
//! cluster) added from its documentation, and `C` and `I` set by hand.
//! To take in a newer server's commands, run `the_table_says_what_the_server_says` with `REDIS_SERVER_BIN`
//! naming that server: it lists the rows to change and to add.

use flag::{B, C, I, M, N, R, S, W};

/// Name, flags, and the positions of the first and the last key (negative: counted from the end) and the
/// step between keys; 0 where a command has no keys at fixed places.
pub(super) type Row = (&'static str, u16, i8, i8, i8);

/// Flags of a row.
pub(super) mod flag {
    /// None of the others.
    pub(in crate::command) const N: u16 = 0;
    /// Reads the data and changes nothing.
    pub(in crate::command) const R: u16 = 1;
    /// May change the data.
    pub(in crate::command) const W: u16 = 1 << 1;
    /// May hold its connection until something happens.
    pub(in crate::command) const B: u16 = 1 << 2;
    /// Changes the state of its connection.
    pub(in crate::command) const C: u16 = 1 << 3;
    /// Has keys whose places depend on other arguments.
    pub(in crate::command) const M: u16 = 1 << 4;
    /// Has subcommands, which have rows of their own.
    pub(in crate::command) const S: u16 = 1 << 5;
    /// Goes on from a cursor.
    pub(in crate::command) const I: u16 = 1 << 6;
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("ACL", S, 0, 0, 0), ("ACL CAT", N, 0, 0, 0), ("ACL DELUSER", N, 0, 0, 0), ("ACL DRYRUN", N, 0, 0, 0),
    ("ACL GENPASS", N, 0, 0, 0), ("ACL GETUSER", N, 0, 0, 0), ("ACL HELP", N, 0, 0, 0),
    ("ACL LIST", N, 0, 0, 0), ("ACL LOAD", N, 0, 0, 0), ("ACL LOG", N, 0, 0, 0), ("ACL SAVE", N, 0, 0, 0),
    ("ACL SETUSER", N, 0, 0, 0), ("ACL USERS", N, 0, 0, 0), ("ACL WHOAMI", N, 0, 0, 0),
    ("APPEND", W, 1, 1, 1), ("ASKING", C, 0, 0, 0), ("AUTH", C, 0, 0, 0), ("BGREWRITEAOF", N, 0, 0, 0),
    ("BGSAVE", N, 0, 0, 0), ("BITCOUNT", R, 1, 1, 1), ("BITFIELD", W, 1, 1, 1), ("BITFIELD_RO", R, 1, 1, 1),
    ("BITOP", W, 2, -1, 1), ("BITPOS", R, 1, 1, 1), ("BLMOVE", W | B, 1, 2, 1),
    ("BLMPOP", W | B | M, 0, 0, 0), ("BLPOP", W | B, 1, -2, 1), ("BRPOP", W | B, 1, -2, 1),
    ("BRPOPLPUSH", W | B, 1, 2, 1), ("BZMPOP", W | B | M, 0, 0, 0), ("BZPOPMAX", W | B, 1, -2, 1),
    ("BZPOPMIN", W | B, 1, -2, 1), ("CLIENT", S, 0, 0, 0), ("CLIENT CACHING", C, 0, 0, 0),
    ("CLIENT CAPA", C, 0, 0, 0), ("CLIENT GETNAME", N, 0, 0, 0), ("CLIENT GETREDIR", N, 0, 0, 0),
    ("CLIENT HELP", N, 0, 0, 0), ("CLIENT ID", N, 0, 0, 0), ("CLIENT IMPORT-SOURCE", C, 0, 0, 0),
    ("CLIENT INFO", N, 0, 0, 0), ("CLIENT KILL", N, 0, 0, 0), ("CLIENT LIST", N, 0, 0, 0),
    ("CLIENT NO-EVICT", C, 0, 0, 0), ("CLIENT NO-TOUCH", C, 0, 0, 0), ("CLIENT PAUSE", N, 0, 0, 0),
    ("CLIENT REPLY", C, 0, 0, 0), ("CLIENT SETINFO", C, 0, 0, 0), ("CLIENT SETNAME", C, 0, 0, 0),
    ("CLIENT TRACKING", C, 0, 0, 0), ("CLIENT TRACKINGINFO", N, 0, 0, 0), ("CLIENT UNBLOCK", N, 0, 0, 0),
    ("CLIENT UNPAUSE", N, 0, 0, 0), ("CLUSTER", S, 0, 0, 0), ("CLUSTER ADDSLOTS", N, 0, 0, 0),
    ("CLUSTER ADDSLOTSRANGE", N, 0, 0, 0), ("CLUSTER BUMPEPOCH", N, 0, 0, 0),
    ("CLUSTER CANCELSLOTMIGRATIONS", N, 0, 0, 0), ("CLUSTER COUNT-FAILURE-REPORTS", N, 0, 0, 0),
    ("CLUSTER COUNTKEYSINSLOT", N, 0, 0, 0), ("CLUSTER DELSLOTS", N, 0, 0, 0),
    ("CLUSTER DELSLOTSRANGE", N, 0, 0, 0), ("CLUSTER FAILOVER", N, 0, 0, 0),
    ("CLUSTER FLUSHSLOT", W, 0, 0, 0), ("CLUSTER FLUSHSLOTS", N, 0, 0, 0), ("CLUSTER FORGET", N, 0, 0, 0),
    ("CLUSTER GETKEYSINSLOT", N, 0, 0, 0), ("CLUSTER GETSLOTMIGRATIONS", N, 0, 0, 0),
    ("CLUSTER HELP", N, 0, 0, 0), ("CLUSTER INFO", N, 0, 0, 0), ("CLUSTER KEYSLOT", N, 0, 0, 0),
    ("CLUSTER LINKS", N, 0, 0, 0), ("CLUSTER MEET", N, 0, 0, 0), ("CLUSTER MIGRATESLOTS", N, 0, 0, 0),
    ("CLUSTER MYID", N, 0, 0, 0), ("CLUSTER MYSHARDID", N, 0, 0, 0), ("CLUSTER NODES", N, 0, 0, 0),
    ("CLUSTER REPLICAS", N, 0, 0, 0), ("CLUSTER REPLICATE", N, 0, 0, 0), ("CLUSTER RESET", N, 0, 0, 0),
    ("CLUSTER SAVECONFIG", N, 0, 0, 0), ("CLUSTER SET-CONFIG-EPOCH", N, 0, 0, 0),
    ("CLUSTER SETSLOT", N, 0, 0, 0), ("CLUSTER SHARDS", N, 0, 0, 0), ("CLUSTER SLAVES", N, 0, 0, 0),
    ("CLUSTER SLOT-STATS", N, 0, 0, 0), ("CLUSTER SLOTS", N, 0, 0, 0), ("CLUSTER SYNCSLOTS", N, 0, 0, 0),
    ("CLUSTERSCAN", R, 1, 1, 1), ("COMMAND", S, 0, 0, 0), ("COMMAND COUNT", N, 0, 0, 0),
    ("COMMAND DOCS", N, 0, 0, 0), ("COMMAND GETKEYS", N, 0, 0, 0), ("COMMAND GETKEYSANDFLAGS", N, 0, 0, 0),
    ("COMMAND HELP", N, 0, 0, 0), ("COMMAND INFO", N, 0, 0, 0), ("COMMAND LIST", N, 0, 0, 0),
    ("COMMANDLOG", S, 0, 0, 0), ("COMMANDLOG GET", N, 0, 0, 0), ("COMMANDLOG HELP", N, 0, 0, 0),
    ("COMMANDLOG LEN", N, 0, 0, 0), ("COMMANDLOG RESET", N, 0, 0, 0), ("CONFIG", S, 0, 0, 0),
    ("CONFIG GET", N, 0, 0, 0), ("CONFIG HELP", N, 0, 0, 0), ("CONFIG RESETSTAT", N, 0, 0, 0),
    ("CONFIG REWRITE", N, 0, 0, 0), ("CONFIG SET", N, 0, 0, 0), ("COPY", W, 1, 2, 1),
    ("DBSIZE", R, 0, 0, 0), ("DEBUG", N, 0, 0, 0), ("DECR", W, 1, 1, 1), ("DECRBY", W, 1, 1, 1),
    ("DEL", W, 1, -1, 1), ("DELEX", W, 1, 1, 1), ("DELIFEQ", W, 1, 1, 1), ("DIGEST", R, 1, 1, 1),
    ("DISCARD", C, 0, 0, 0), ("DUMP", R, 1, 1, 1), ("ECHO", N, 0, 0, 0), ("EVAL", M, 0, 0, 0),
    ("EVALSHA", M, 0, 0, 0), ("EVALSHA_RO", R | M, 0, 0, 0), ("EVAL_RO", R | M, 0, 0, 0),
    ("EXEC", C, 0, 0, 0), ("EXISTS", R, 1, -1, 1), ("EXPIRE", W, 1, 1, 1), ("EXPIREAT", W, 1, 1, 1),
    ("EXPIRETIME", R, 1, 1, 1), ("FAILOVER", N, 0, 0, 0), ("FCALL", M, 0, 0, 0),
    ("FCALL_RO", R | M, 0, 0, 0), ("FLUSHALL", W, 0, 0, 0), ("FLUSHDB", W, 0, 0, 0),
    ("FUNCTION", S, 0, 0, 0), ("FUNCTION DELETE", W, 0, 0, 0), ("FUNCTION DUMP", N, 0, 0, 0),
    ("FUNCTION FLUSH", W, 0, 0, 0), ("FUNCTION HELP", N, 0, 0, 0), ("FUNCTION KILL", N, 0, 0, 0),
    ("FUNCTION LIST", N, 0, 0, 0), ("FUNCTION LOAD", W, 0, 0, 0), ("FUNCTION RESTORE", W, 0, 0, 0),
    ("FUNCTION STATS", N, 0, 0, 0), ("GEOADD", W, 1, 1, 1), ("GEODIST", R, 1, 1, 1),
    ("GEOHASH", R, 1, 1, 1), ("GEOPOS", R, 1, 1, 1), ("GEORADIUS", W | M, 1, 1, 1),
    ("GEORADIUSBYMEMBER", W | M, 1, 1, 1), ("GEORADIUSBYMEMBER_RO", R, 1, 1, 1),
    ("GEORADIUS_RO", R, 1, 1, 1), ("GEOSEARCH", R, 1, 1, 1), ("GEOSEARCHSTORE", W, 1, 2, 1),
    ("GET", R, 1, 1, 1), ("GETBIT", R, 1, 1, 1), ("GETDEL", W, 1, 1, 1), ("GETEX", W, 1, 1, 1),
    ("GETRANGE", R, 1, 1, 1), ("GETSET", W, 1, 1, 1), ("HDEL", W, 1, 1, 1), ("HELLO", C, 0, 0, 0),
    ("HEXISTS", R, 1, 1, 1), ("HEXPIRE", W, 1, 1, 1), ("HEXPIREAT", W, 1, 1, 1),
    ("HEXPIRETIME", R, 1, 1, 1), ("HGET", R, 1, 1, 1), ("HGETALL", R, 1, 1, 1), ("HGETDEL", W, 1, 1, 1),
    ("HGETEX", W, 1, 1, 1), ("HINCRBY", W, 1, 1, 1), ("HINCRBYFLOAT", W, 1, 1, 1), ("HKEYS", R, 1, 1, 1),
    ("HLEN", R, 1, 1, 1), ("HMGET", R, 1, 1, 1), ("HMSET", W, 1, 1, 1), ("HPERSIST", W, 1, 1, 1),
    ("HPEXPIRE", W, 1, 1, 1), ("HPEXPIREAT", W, 1, 1, 1), ("HPEXPIRETIME", R, 1, 1, 1),
    ("HPTTL", R, 1, 1, 1), ("HRANDFIELD", R, 1, 1, 1), ("HSCAN", R | I, 1, 1, 1), ("HSET", W, 1, 1, 1),
    ("HSETEX", W, 1, 1, 1), ("HSETNX", W, 1, 1, 1), ("HSTRLEN", R, 1, 1, 1), ("HTTL", R, 1, 1, 1),
    ("HVALS", R, 1, 1, 1), ("INCR", W, 1, 1, 1), ("INCRBY", W, 1, 1, 1), ("INCRBYFLOAT", W, 1, 1, 1),
    ("INFO", N, 0, 0, 0), ("JSON.MSET", W, 1, -1, 3), ("KEYS", R, 0, 0, 0), ("LASTSAVE", N, 0, 0, 0),
    ("LATENCY", S, 0, 0, 0),
    ("LATENCY DOCTOR", N, 0, 0, 0), ("LATENCY GRAPH", N, 0, 0, 0), ("LATENCY HELP", N, 0, 0, 0),
    ("LATENCY HISTOGRAM", N, 0, 0, 0), ("LATENCY HISTORY", N, 0, 0, 0), ("LATENCY LATEST", N, 0, 0, 0),
    ("LATENCY RESET", N, 0, 0, 0), ("LCS", R, 1, 2, 1), ("LINDEX", R, 1, 1, 1), ("LINSERT", W, 1, 1, 1),
    ("LLEN", R, 1, 1, 1), ("LMOVE", W, 1, 2, 1), ("LMPOP", W | M, 0, 0, 0), ("LOLWUT", R, 0, 0, 0),
    ("LPOP", W, 1, 1, 1), ("LPOS", R, 1, 1, 1), ("LPUSH", W, 1, 1, 1), ("LPUSHX", W, 1, 1, 1),
    ("LRANGE", R, 1, 1, 1), ("LREM", W, 1, 1, 1), ("LSET", W, 1, 1, 1), ("LTRIM", W, 1, 1, 1),
    ("MEMORY", S, 0, 0, 0), ("MEMORY DOCTOR", N, 0, 0, 0), ("MEMORY HELP", N, 0, 0, 0),
    ("MEMORY MALLOC-STATS", N, 0, 0, 0), ("MEMORY PURGE", N, 0, 0, 0), ("MEMORY STATS", N, 0, 0, 0),
    ("MEMORY USAGE", R, 2, 2, 1), ("MGET", R, 1, -1, 1), ("MIGRATE", W | M, 3, 3, 1),
    ("MODULE", S, 0, 0, 0), ("MODULE HELP", N, 0, 0, 0), ("MODULE LIST", N, 0, 0, 0),
    ("MODULE LOAD", N, 0, 0, 0), ("MODULE LOADEX", N, 0, 0, 0), ("MODULE UNLOAD", N, 0, 0, 0),
    ("MONITOR", C, 0, 0, 0), ("MOVE", W, 1, 1, 1), ("MSET", W, 1, -1, 2), ("MSETEX", W | M, 0, 0, 0),
    ("MSETNX", W, 1, -1, 2), ("MULTI", C, 0, 0, 0), ("OBJECT", S, 0, 0, 0), ("OBJECT ENCODING", R, 2, 2, 1),
    ("OBJECT FREQ", R, 2, 2, 1), ("OBJECT HELP", N, 0, 0, 0), ("OBJECT IDLETIME", R, 2, 2, 1),
    ("OBJECT REFCOUNT", R, 2, 2, 1), ("PERSIST", W, 1, 1, 1), ("PEXPIRE", W, 1, 1, 1),
    ("PEXPIREAT", W, 1, 1, 1), ("PEXPIRETIME", R, 1, 1, 1), ("PFADD", W, 1, 1, 1), ("PFCOUNT", R, 1, -1, 1),
    ("PFDEBUG", W, 2, 2, 1), ("PFMERGE", W, 1, -1, 1), ("PFSELFTEST", N, 0, 0, 0), ("PING", N, 0, 0, 0),
    ("PSETEX", W, 1, 1, 1), ("PSUBSCRIBE", C, 0, 0, 0), ("PSYNC", C, 0, 0, 0), ("PTTL", R, 1, 1, 1),
    ("PUBLISH", N, 0, 0, 0), ("PUBSUB", S, 0, 0, 0), ("PUBSUB CHANNELS", N, 0, 0, 0),
    ("PUBSUB HELP", N, 0, 0, 0), ("PUBSUB NUMPAT", N, 0, 0, 0), ("PUBSUB NUMSUB", N, 0, 0, 0),
    ("PUBSUB SHARDCHANNELS", N, 0, 0, 0), ("PUBSUB SHARDNUMSUB", N, 0, 0, 0), ("PUNSUBSCRIBE", C, 0, 0, 0),
    ("QUIT", C, 0, 0, 0), ("RANDOMKEY", R, 0, 0, 0), ("READONLY", C, 0, 0, 0), ("READWRITE", C, 0, 0, 0),
    ("RENAME", W, 1, 2, 1), ("RENAMENX", W, 1, 2, 1), ("REPLCONF", C, 0, 0, 0), ("REPLICAOF", N, 0, 0, 0),
    ("RESET", C, 0, 0, 0), ("RESTORE", W, 1, 1, 1), ("RESTORE-ASKING", W, 1, 1, 1), ("ROLE", N, 0, 0, 0),
    ("RPOP", W, 1, 1, 1), ("RPOPLPUSH", W, 1, 2, 1), ("RPUSH", W, 1, 1, 1), ("RPUSHX", W, 1, 1, 1),
    ("SADD", W, 1, 1, 1), ("SAVE", N, 0, 0, 0), ("SCAN", R | I, 0, 0, 0), ("SCARD", R, 1, 1, 1),
    ("SCRIPT", S, 0, 0, 0), ("SCRIPT DEBUG", C, 0, 0, 0), ("SCRIPT EXISTS", N, 0, 0, 0),
    ("SCRIPT FLUSH", N, 0, 0, 0), ("SCRIPT HELP", N, 0, 0, 0), ("SCRIPT KILL", N, 0, 0, 0),
    ("SCRIPT LOAD", N, 0, 0, 0), ("SCRIPT SHOW", N, 0, 0, 0), ("SDIFF", R, 1, -1, 1),
    ("SDIFFSTORE", W, 1, -1, 1), ("SELECT", C, 0, 0, 0), ("SET", W, 1, 1, 1), ("SETBIT", W, 1, 1, 1),
    ("SETEX", W, 1, 1, 1), ("SETNX", W, 1, 1, 1), ("SETRANGE", W, 1, 1, 1), ("SHUTDOWN", N, 0, 0, 0),
    ("SINTER", R, 1, -1, 1), ("SINTERCARD", R | M, 0, 0, 0), ("SINTERSTORE", W, 1, -1, 1),
    ("SISMEMBER", R, 1, 1, 1), ("SLAVEOF", N, 0, 0, 0), ("SLOWLOG", S, 0, 0, 0),
    ("SLOWLOG GET", N, 0, 0, 0), ("SLOWLOG HELP", N, 0, 0, 0), ("SLOWLOG LEN", N, 0, 0, 0),
    ("SLOWLOG RESET", N, 0, 0, 0), ("SMEMBERS", R, 1, 1, 1), ("SMISMEMBER", R, 1, 1, 1),
    ("SMOVE", W, 1, 2, 1), ("SORT", W | M, 1, 1, 1), ("SORT_RO", R | M, 1, 1, 1), ("SPOP", W, 1, 1, 1),
    ("SPUBLISH", N, 1, 1, 1), ("SRANDMEMBER", R, 1, 1, 1), ("SREM", W, 1, 1, 1), ("SSCAN", R | I, 1, 1, 1),
    ("SSUBSCRIBE", C, 1, -1, 1), ("STRLEN", R, 1, 1, 1), ("SUBSCRIBE", C, 0, 0, 0), ("SUBSTR", R, 1, 1, 1),
    ("SUNION", R, 1, -1, 1), ("SUNIONSTORE", W, 1, -1, 1), ("SUNSUBSCRIBE", C, 1, -1, 1),
    ("SWAPDB", W, 0, 0, 0), ("SYNC", C, 0, 0, 0), ("TIME", N, 0, 0, 0), ("TOUCH", R, 1, -1, 1),
    ("TTL", R, 1, 1, 1), ("TYPE", R, 1, 1, 1), ("UNLINK", W, 1, -1, 1), ("UNSUBSCRIBE", C, 0, 0, 0),
    ("UNWATCH", C, 0, 0, 0), ("VADD", W, 1, 1, 1), ("VCARD", R, 1, 1, 1), ("VDIM", R, 1, 1, 1),
    ("VEMB", R, 1, 1, 1), ("VGETATTR", R, 1, 1, 1), ("VINFO", R, 1, 1, 1), ("VISMEMBER", R, 1, 1, 1),
    ("VLINKS", R, 1, 1, 1), ("VRANDMEMBER", R, 1, 1, 1), ("VRANGE", R, 1, 1, 1), ("VREM", W, 1, 1, 1),
    ("VSETATTR", W, 1, 1, 1), ("VSIM", R, 1, 1, 1), ("WAIT", B, 0, 0, 0), ("WAITAOF", B, 0, 0, 0),
    ("WATCH", C, 1, -1, 1), ("XACK", W, 1, 1, 1), ("XACKDEL", W, 1, 1, 1), ("XADD", W, 1, 1, 1),
    ("XAUTOCLAIM", W, 1, 1, 1), ("XCLAIM", W, 1, 1, 1), ("XDEL", W, 1, 1, 1), ("XDELEX", W, 1, 1, 1),
    ("XGROUP", S, 0, 0, 0), ("XGROUP CREATE", W, 2, 2, 1), ("XGROUP CREATECONSUMER", W, 2, 2, 1),
    ("XGROUP DELCONSUMER", W, 2, 2, 1), ("XGROUP DESTROY", W, 2, 2, 1), ("XGROUP HELP", N, 0, 0, 0),
    ("XGROUP SETID", W, 2, 2, 1), ("XINFO", S, 0, 0, 0), ("XINFO CONSUMERS", R, 2, 2, 1),
    ("XINFO GROUPS", R, 2, 2, 1), ("XINFO HELP", N, 0, 0, 0), ("XINFO STREAM", R, 2, 2, 1),
    ("XLEN", R, 1, 1, 1), ("XPENDING", R, 1, 1, 1), ("XRANGE", R, 1, 1, 1), ("XREAD", R | B | M, 0, 0, 0),
    ("XREADGROUP", W | B | M, 0, 0, 0), ("XREVRANGE", R, 1, 1, 1), ("XSETID", W, 1, 1, 1),
    ("XTRIM", W, 1, 1, 1), ("ZADD", W, 1, 1, 1), ("ZCARD", R, 1, 1, 1), ("ZCOUNT", R, 1, 1, 1),
    ("ZDIFF", R | M, 0, 0, 0), ("ZDIFFSTORE", W | M, 1, 1, 1), ("ZINCRBY", W, 1, 1, 1),
    ("ZINTER", R | M, 0, 0, 0), ("ZINTERCARD", R | M, 0, 0, 0), ("ZINTERSTORE", W | M, 1, 1, 1),
    ("ZLEXCOUNT", R, 1, 1, 1), ("ZMPOP", W | M, 0, 0, 0), ("ZMSCORE", R, 1, 1, 1), ("ZPOPMAX", W, 1, 1, 1),
    ("ZPOPMIN", W, 1, 1, 1), ("ZRANDMEMBER", R, 1, 1, 1), ("ZRANGE", R, 1, 1, 1),
    ("ZRANGEBYLEX", R, 1, 1, 1), ("ZRANGEBYSCORE", R, 1, 1, 1), ("ZRANGESTORE", W, 1, 2, 1),
    ("ZRANK", R, 1, 1, 1), ("ZREM", W, 1, 1, 1), ("ZREMRANGEBYLEX", W, 1, 1, 1),
    ("ZREMRANGEBYRANK", W, 1, 1, 1), ("ZREMRANGEBYSCORE", W, 1, 1, 1), ("ZREVRANGE", R, 1, 1, 1),
    ("ZREVRANGEBYLEX", R, 1, 1, 1), ("ZREVRANGEBYSCORE", R, 1, 1, 1), ("ZREVRANK", R, 1, 1, 1),
    ("ZSCAN", R | I, 1, 1, 1), ("ZSCORE", R, 1, 1, 1), ("ZUNION", R | M, 0, 0, 0),
    ("ZUNIONSTORE", W | M, 1, 1, 1),
];
