//! Commands that would change the connection which everybody shares.

use redis::AsyncCommands;
use redis_failover::Error;

use super::pair;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b50_a_command_that_would_change_the_shared_connection_is_refused_with_the_right_call() {
    let Some((_primary, _secondary, mut client)) = pair().await else { return };
    for (line, named, advice) in [
        ("SELECT 3", "SELECT", "url"),
        ("AUTH user hunter2", "AUTH", "credentials"),
        ("HELLO 3 AUTH user hunter2", "HELLO", "credentials"),
        ("subscribe news", "SUBSCRIBE", "pubsub"),
        ("MONITOR", "MONITOR", "redis::Client"),
        ("MULTI", "MULTI", "atomic"),
        ("EXEC", "EXEC", "transaction"),
        ("DISCARD", "DISCARD", "transaction"),
        ("WATCH key", "WATCH", "transaction"),
        ("UNWATCH", "UNWATCH", "transaction"),
        ("CLIENT REPLY OFF", "CLIENT REPLY", "redis::Client"),
        ("client setname me", "CLIENT SETNAME", "client_name"),
        ("CLIENT TRACKING ON", "CLIENT TRACKING", "redis::Client"),
        ("CLIENT NO-EVICT ON", "CLIENT NO-EVICT", "redis::Client"),
        ("RESET", "RESET", "redis::Client"),
        ("QUIT", "QUIT", "redis::Client"),
        ("ASKING", "ASKING", "redis::Client"),
        ("READONLY", "READONLY", "redis::Client"),
        ("READWRITE", "READWRITE", "redis::Client"),
    ] {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let error = command.query_async::<()>(&mut client).await.unwrap_err();
        let Some(Error::ConnectionState { command, instead }) = Error::of(&error) else {
            panic!("{line}: {error:?}");
        };
        assert_eq!((*command, instead.contains(advice)), (named, true), "{line}: {instead}");
        assert!(!error.to_string().contains("hunter2"));
    }
    // And everything is as it was.
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(client.get::<_, i64>("key").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b50_nothing_of_a_pipeline_is_sent_if_one_of_its_commands_is_refused() {
    let Some((_primary, _secondary, mut client)) = pair().await else { return };
    for atomic in [false, true] {
        let mut pipeline = redis::pipe();
        if atomic {
            pipeline.atomic();
        }
        pipeline.set("key", 1).ignore().cmd("SELECT").arg(3).ignore();
        let error = pipeline.exec_async(&mut client).await.unwrap_err();
        assert!(
            matches!(Error::of(&error), Some(Error::ConnectionState { command: "SELECT", .. })),
            "{error:?}"
        );
        assert!(!client.exists::<_, bool>("key").await.unwrap());
    }
}
