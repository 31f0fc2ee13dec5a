//! What no plain connection can do: the same uses go on where a failover leads.

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, RedisResult, Script, pipe};
use tests::becomes_active;

use crate::{Answers, PROTOCOLS, Stage, answers};

/// Works wherever nothing of its own is stored yet.
async fn some_of_all<C: ConnectionLike + Send + Sync>(connection: &mut C) -> RedisResult<Answers> {
    let add = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    let by_script: i64 = add.key("counter").arg(40).invoke_async(connection).await?;
    let (atomically,): (i64,) =
        pipe().atomic().incr("counter", 1).expire("counter", 100).ignore().query_async(connection).await?;
    let alone: i64 = connection.incr("counter", 1).await?;
    assert_eq!((by_script, atomically, alone), (40, 41, 42));
    let number: i64 = connection.get_db().into();
    let info: String = redis::cmd("CLIENT").arg("INFO").query_async(connection).await?;
    let field = |name| info.split(' ').find(|field: &&str| field.starts_with(name)).map(str::to_owned);
    assert_eq!(field("db="), Some(format!("db={number}")));
    Ok(answers![number, field("resp=")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_transactions_and_the_database_number_go_along_in_a_failover() {
    for protocol in PROTOCOLS {
        let Some(mut stage) = Stage::set(protocol).await else { return };
        let before = some_of_all(&mut stage.client).await.unwrap();
        assert_eq!(before[0], "3");
        stage.primary.kill().unwrap();
        becomes_active(&stage.client, "secondary").await;
        // The script is known there by no hash, and the counter by no value.
        assert_eq!(some_of_all(&mut stage.client).await.unwrap(), before, "{protocol}");
    }
}
