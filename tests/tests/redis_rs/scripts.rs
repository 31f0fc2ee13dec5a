//! Scripts: by their hash, and loaded where they are not known.

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, RedisResult, Script, Value, cmd};

use crate::{Answers, answers, same_answers};

async fn scripts<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let add = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    // Nobody knows its hash yet; then the server does; then it has forgotten it.
    let unknown: i64 = add.key("counter").arg(40).invoke_async(connection).await?;
    let known: i64 = add.key("counter").arg(1).invoke_async(connection).await?;
    cmd("SCRIPT").arg("FLUSH").exec_async(connection).await?;
    let forgotten: i64 = add.key("counter").arg(1).invoke_async(connection).await?;
    assert_eq!((unknown, known, forgotten), (40, 41, 42));

    let hash = add.prepare_invoke().load_async(connection).await?;
    assert_eq!(hash, add.get_hash());
    let there: (bool, bool) =
        cmd("SCRIPT").arg("EXISTS").arg(&hash).arg("0".repeat(40)).query_async(connection).await?;
    assert_eq!(there, (true, false));
    let nested: Value = Script::new("return {1, {'two', 3}, false}").invoke_async(connection).await?;
    let error = Script::new("return redis.error_reply('MINE of its own')")
        .invoke_async::<_, Value>(connection)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("MINE"));
    let eval: Vec<String> =
        cmd("EVAL").arg("return {KEYS[1], ARGV[1]}").arg(1).arg("k").arg("a").query_async(connection).await?;
    let not_loaded =
        cmd("EVALSHA").arg("0".repeat(40)).arg(0).query_async::<Value>(connection).await.unwrap_err();
    assert_eq!(not_loaded.code(), Some("NOSCRIPT"));
    let count: i64 = connection.get("counter").await?;
    Ok(answers![hash, nested, error.to_string(), eval, not_loaded.to_string(), count])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_are_answered_alike() {
    same_answers!(scripts);
}
