//! Single commands: typed by `AsyncCommands`, and untyped by `cmd`.

use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{
    AsyncCommands, ExistenceCheck, Expiry, RedisError, RedisResult, SetExpiry, SetOptions, Value, cmd,
};

use crate::{Answers, answers, same_answers};

async fn typed<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.set::<_, _, ()>("name", "redis").await?;
    let name: String = connection.get("name").await?;
    assert_eq!(name, "redis");
    let nothing: Option<String> = connection.get("nobody").await?;
    assert_eq!(nothing, None);
    connection.mset::<_, _, ()>(&[("a", 1), ("b", 2)]).await?;
    let both: (i64, Option<i64>, Option<i64>) = connection.mget(&["a", "b", "c"]).await?;
    assert_eq!(both, (1, Some(2), None));
    let raised: i64 = connection.incr("a", 41).await?;
    let lowered: i64 = connection.decr("b", 5).await?;
    let fraction: f64 = connection.incr("fraction", 1.5).await?;
    assert_eq!((raised, lowered, fraction), (42, -3, 1.5));
    let length: usize = connection.append("name", "-rs").await?;
    let part: String = connection.getrange("name", 0, 4).await?;
    let former: Option<String> = connection.getset("name", "other").await?;
    let taken: Option<String> = connection.get_del("name").await?;
    let only_new =
        SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::EX(100));
    let set: Option<String> = connection.set_options("new", 1, only_new.clone()).await?;
    let refused: Option<String> = connection.set_options("new", 2, only_new).await?;
    assert_eq!((set.as_deref(), refused), (Some("OK"), None));
    let once: bool = connection.set_nx("once", 1).await?;
    let twice: bool = connection.set_nx("once", 2).await?;
    let kind: redis::ValueType = connection.key_type("a").await?;
    connection.rename::<_, _, ()>("a", "renamed").await?;
    let there: bool = connection.exists("renamed").await?;
    let gone: usize = connection.del(&["renamed", "b", "c"]).await?;
    Ok(answers![length, part, former, taken, once, twice, kind, there, gone, connection.get_db()])
}

async fn expiry<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.set_ex::<_, _, ()>("seconds", "value", 1000).await?;
    connection.pset_ex::<_, _, ()>("milliseconds", "value", 1_000_000).await?;
    connection.set::<_, _, ()>("for ever", "value").await?;
    let seconds: i64 = connection.ttl("seconds").await?;
    let milliseconds: i64 = connection.pttl("milliseconds").await?;
    assert!((990..=1000).contains(&seconds) && milliseconds > 990_000, "{seconds} s, {milliseconds} ms");
    let for_ever: i64 = connection.ttl("for ever").await?;
    let nobody: i64 = connection.ttl("nobody").await?;
    let given: bool = connection.expire("for ever", 100).await?;
    let taken: bool = connection.persist("for ever").await?;
    let at: bool = connection.expire_at("for ever", 4_000_000_000).await?;
    let when: i64 = connection.expire_time("for ever").await?;
    assert_eq!(when, 4_000_000_000);
    let read: String = connection.get_ex("for ever", Expiry::EX(100)).await?;
    connection.pset_ex::<_, _, ()>("soon gone", "value", 20).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let gone: Option<String> = connection.get("soon gone").await?;
    assert_eq!(gone, None);
    Ok(answers![for_ever, nobody, given, taken, at, read])
}

async fn bitmaps<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    for bit in [1, 7, 100] {
        connection.setbit::<_, bool>("first", bit, true).await?;
    }
    connection.setbit::<_, bool>("second", 7, true).await?;
    let counted: usize = connection.bitcount("first").await?;
    assert_eq!(counted, 3);
    let set: bool = connection.getbit("first", 100).await?;
    let both: usize = connection.bit_and("both", &["first", "second"]).await?;
    let in_common: usize = connection.bitcount("both").await?;
    assert_eq!(in_common, 1);
    let fields: Vec<Option<i64>> =
        cmd("BITFIELD").arg("first").arg("SET").arg("u8").arg(0).arg(255).query_async(connection).await?;
    let new: bool = connection.pfadd("visitors", &["ann", "bob", "ann"]).await?;
    let visitors: usize = connection.pfcount("visitors").await?;
    assert_eq!(visitors, 2);
    Ok(answers![set, both, fields, new])
}

async fn untyped<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    cmd("SET").arg("key").arg("value").exec_async(connection).await?;
    let set: Value = cmd("SET").arg("key").arg(1.5).query_async(connection).await?;
    assert_eq!(set, Value::Okay);
    let nil: Value = cmd("GET").arg("nobody").query_async(connection).await?;
    assert_eq!(nil, Value::Nil);
    let text: Value = cmd("GET").arg("key").query_async(connection).await?;
    cmd("HSET").arg("hash").arg(&[("field", "1")]).exec_async(connection).await?;
    // A map in one protocol, and an array in the other.
    let hash: Value = cmd("HGETALL").arg("hash").query_async(connection).await?;
    cmd("ZADD").arg("scores").arg(1.5).arg("member").exec_async(connection).await?;
    let score: Value = cmd("ZSCORE").arg("scores").arg("member").query_async(connection).await?;
    let pong: String = cmd("PING").query_async(connection).await?;
    let echo: String = cmd("ECHO").arg("hello").query_async(connection).await?;
    let setting: Value = cmd("CONFIG").arg("GET").arg("maxmemory-policy").query_async(connection).await?;
    let info: redis::InfoDict = cmd("INFO").arg("server").query_async(connection).await?;
    let version: Option<String> = info.get("redis_version");
    let command: Value = cmd("COMMAND").arg("INFO").arg("GET").query_async(connection).await?;
    let time: (u64, u64) = cmd("TIME").query_async(connection).await?;
    assert!(time.0 > 1_700_000_000);
    Ok(answers![text, hash, score, pong, echo, setting, version, command])
}

/// What is told of an error.
fn told(error: &RedisError) -> String {
    format!("{:?} {:?} {:?} {error}", error.kind(), error.code(), error.detail())
}

async fn refused<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.set::<_, _, ()>("text", "no number").await?;
    let mut errors = Vec::new();
    errors.push(connection.lpush::<_, _, usize>("text", 1).await.unwrap_err());
    assert_eq!(errors[0].code(), Some("WRONGTYPE"));
    errors.push(connection.incr::<_, _, i64>("text", 1).await.unwrap_err());
    errors.push(cmd("NO-SUCH-COMMAND").arg("a").query_async::<Value>(connection).await.unwrap_err());
    errors.push(cmd("GET").query_async::<Value>(connection).await.unwrap_err());
    errors.push(cmd("OBJECT").arg("NOTHING").query_async::<Value>(connection).await.unwrap_err());
    // It was answered, but not with what was asked for.
    errors.push(connection.get::<_, i64>("text").await.unwrap_err());
    errors.push(connection.get::<_, (i64, i64)>("text").await.unwrap_err());
    Ok(errors.iter().map(told).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_commands_are_answered_alike() {
    same_answers!(typed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_expire_alike() {
    same_answers!(expiry);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bitmaps_are_answered_alike() {
    same_answers!(bitmaps);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untyped_commands_are_answered_alike() {
    same_answers!(untyped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_refused_alike() {
    same_answers!(refused);
}
