//! Pipelines, atomic and not.

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, RedisResult, Value, pipe};

use crate::{Answers, answers, same_answers};

async fn plain<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let (first, second): (i64, Option<String>) = pipe()
        .cmd("SET")
        .arg("a")
        .arg(1)
        .ignore()
        .set("b", 2)
        .ignore()
        .incr("a", 41)
        .get("nobody")
        .query_async(connection)
        .await?;
    assert_eq!((first, second), (42, None));
    let nothing: Value = pipe().set("a", 1).ignore().query_async(connection).await?;
    pipe().set("a", 3).set("b", 4).exec_async(connection).await?;
    let values: Vec<i64> = pipe().get("a").get("b").query_async(connection).await?;
    assert_eq!(values, [3, 4]);
    // Nothing may be sent in a transaction, but not without one.
    let empty = pipe().query_async::<Value>(connection).await.unwrap_err().to_string();
    let untyped: Vec<Value> =
        pipe().hset("hash", "field", 1).hgetall("hash").get("nobody").query_async(connection).await?;
    // A pipeline that is used again.
    let mut again = pipe();
    again.incr("counter", 1).incr("counter", 1);
    let once: (i64, i64) = again.query_async(connection).await?;
    let twice: (i64, i64) = again.query_async(connection).await?;
    assert_eq!((once, twice), ((1, 2), (3, 4)));
    Ok(answers![nothing, empty, untyped])
}

async fn atomic<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let (counter, list): (i64, Vec<i64>) = pipe()
        .atomic()
        .set("counter", 41)
        .ignore()
        .incr("counter", 1)
        .rpush("list", &[1, 2])
        .ignore()
        .lrange("list", 0, -1)
        .query_async(connection)
        .await?;
    assert_eq!((counter, list), (42, vec![1, 2]));
    pipe().atomic().del("list").exec_async(connection).await?;
    let there: bool = connection.exists("list").await?;
    assert!(!there);
    let untyped: Vec<Value> =
        pipe().atomic().set("a", 1).get("a").get("nobody").query_async(connection).await?;
    let empty: Value = pipe().atomic().query_async(connection).await?;
    Ok(answers![untyped, empty])
}

async fn large<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let mut writes = pipe();
    let mut reads = pipe();
    for key in 0..10_000 {
        writes.set(key, key * 2).ignore();
        reads.get(key);
    }
    writes.exec_async(connection).await?;
    let values: Vec<i64> = reads.query_async(connection).await?;
    assert!(values.iter().enumerate().all(|(key, value)| *value == 2 * key as i64));
    Ok(answers![values.len()])
}

async fn refused<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    connection.set::<_, _, ()>("text", "no list").await?;
    let mut errors = Vec::new();
    let mut commands = pipe();
    commands.set("before", 1).lpush("text", 1).set("after", 1);
    errors.push(commands.query_async::<()>(connection).await.unwrap_err());
    // The others were executed, here as in a transaction.
    let executed: (bool, bool) = (connection.exists("before").await?, connection.exists("after").await?);
    assert_eq!(executed, (true, true));
    errors.push(commands.atomic().query_async::<()>(connection).await.unwrap_err());
    let mut unknown = pipe();
    unknown.atomic().set("unknown", 1).cmd("NO-SUCH-COMMAND");
    errors.push(unknown.query_async::<()>(connection).await.unwrap_err());
    let executed: bool = connection.exists("unknown").await?;
    assert!(!executed);
    let told = errors
        .into_iter()
        .map(|error| format!("{:?} {error} {:?}", error.code(), error.clone().into_server_errors()));
    Ok(told.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_are_answered_alike() {
    same_answers!(plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn atomic_pipelines_are_answered_alike() {
    same_answers!(atomic);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_of_ten_thousand_commands_are_answered_alike() {
    same_answers!(large);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_are_refused_alike() {
    same_answers!(refused);
}
