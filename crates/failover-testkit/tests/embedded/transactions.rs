use std::sync::{Arc, Mutex};

use failover_testkit::embedded::{Condition, EmbeddedRedis};
use redis::AsyncCommands as _;

use crate::{connect, urls};

#[tokio::test]
async fn pipelines_are_plain_and_atomic() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut redis = connect(&url).await;
        let () = redis.flushall().await.unwrap();
        for pipeline in [&mut redis::pipe(), redis::pipe().atomic()] {
            pipeline.incr("n", 1).incr("n", 1).ignore().get("n");
            let (first, last): (i64, i64) = pipeline.query_async(&mut redis).await.unwrap();
            assert_eq!(last, first + 1);
        }
        assert_eq!(server.control().commands("multi"), server.control().commands("exec"));
    }
}

#[tokio::test]
async fn a_watched_key_that_changes_stops_the_transaction() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let (mut redis, mut other) = (connect(&url).await, connect(&url).await);
        let mut pipeline = redis::pipe();
        pipeline.atomic().set("k", "mine");

        let () = redis::cmd("WATCH").arg("k").query_async(&mut redis).await.unwrap();
        let () = other.set("k", "theirs").await.unwrap();
        let stopped: Option<Vec<String>> = pipeline.query_async(&mut redis).await.unwrap();
        assert_eq!(stopped, None);

        let () = redis::cmd("WATCH").arg("k").query_async(&mut redis).await.unwrap();
        let done: Option<Vec<String>> = pipeline.query_async(&mut redis).await.unwrap();
        assert_eq!(done, Some(vec!["OK".to_owned()]));
        assert_eq!(other.get::<_, String>("k").await.unwrap(), "mine");
    }
}

#[tokio::test]
async fn a_refused_command_aborts_the_transaction() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut redis = connect(&server.url()).await;
    let mut pipeline = redis::pipe();
    pipeline.atomic().set("k", 1).cmd("NOSUCH").arg("x");
    let error = pipeline.query_async::<()>(&mut redis).await.unwrap_err();
    assert_eq!(error.code(), Some("EXECABORT"), "{error}");
    assert!(!redis.exists::<_, bool>("k").await.unwrap());

    let () = redis::cmd("MULTI").query_async(&mut redis).await.unwrap();
    let () = redis::cmd("SET").arg("k").arg(1).query_async(&mut redis).await.unwrap();
    server.control().answer(Condition::ReadOnly);
    let error = redis::cmd("EXEC").query_async::<()>(&mut redis).await.unwrap_err();
    assert_eq!(error.code(), Some("EXECABORT"));
    assert!(error.to_string().contains("READONLY You can't write"), "{error}");
    server.control().answer(Condition::Normal);
    assert!(!redis.exists::<_, bool>("k").await.unwrap());
}

#[tokio::test]
async fn a_journal_tells_what_was_executed_when_it_was() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut redis = connect(&server.url()).await;
    let journal = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&journal);
    server.control().keep_journal(move |command, arguments| {
        let arguments = arguments.iter().map(|argument| String::from_utf8_lossy(argument));
        kept.lock().unwrap().push(format!("{command} {}", arguments.collect::<Vec<_>>().join(" ")));
    });

    let () = redis::cmd("MULTI").query_async(&mut redis).await.unwrap();
    let () = redis::cmd("INCR").arg("k").query_async(&mut redis).await.unwrap();
    let () = redis.set("other", 1).await.unwrap();
    assert_eq!(*journal.lock().unwrap(), ["multi "], "what waits for EXEC has not run");
    let () = redis::cmd("EXEC").query_async(&mut redis).await.unwrap();
    let refused = redis::cmd("HGET").arg("k").arg("field").query_async::<()>(&mut redis).await;
    assert!(refused.is_err());
    assert_eq!(*journal.lock().unwrap(), ["multi ", "incr k", "set other 1", "exec "]);
}
