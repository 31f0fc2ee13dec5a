use failover_testkit::embedded::EmbeddedRedis;
use futures_util::StreamExt as _;
use redis::{AsyncCommands as _, PushKind, Value};
use tokio::time::timeout;

use crate::{DEADLINE, connect, urls};

#[tokio::test]
async fn messages_reach_channels_and_patterns() {
    let server = EmbeddedRedis::start().await.unwrap();
    for url in urls(&server) {
        let mut subscriber = redis::Client::open(url.as_str()).unwrap().get_async_pubsub().await.unwrap();
        subscriber.subscribe("news").await.unwrap();
        subscriber.psubscribe("n*").await.unwrap();
        let mut publisher = connect(&url).await;
        assert_eq!(publisher.publish::<_, _, usize>("news", "hello").await.unwrap(), 2);
        {
            let mut messages = subscriber.on_message();
            for pattern in [None, Some("n*")] {
                let message = timeout(DEADLINE, messages.next()).await.unwrap().unwrap();
                assert_eq!(message.get_channel_name(), "news");
                assert_eq!(message.get_payload::<String>().unwrap(), "hello");
                assert_eq!(message.get_pattern::<Option<String>>().unwrap().as_deref(), pattern);
            }
        }
        subscriber.unsubscribe("news").await.unwrap();
        subscriber.punsubscribe("n*").await.unwrap();
        assert_eq!(publisher.publish::<_, _, usize>("news", "again").await.unwrap(), 0);
    }
}

#[tokio::test]
async fn pushes_come_between_the_replies_of_resp3() {
    let server = EmbeddedRedis::start().await.unwrap();
    let [_, url] = urls(&server);
    let (sender, mut pushes) = tokio::sync::mpsc::unbounded_channel();
    let config = redis::AsyncConnectionConfig::new().set_push_sender(sender);
    let mut redis = redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap();
    redis.subscribe("own").await.unwrap();
    assert_eq!(redis.publish::<_, _, usize>("own", "x").await.unwrap(), 1);
    let subscribed = timeout(DEADLINE, pushes.recv()).await.unwrap().unwrap();
    assert_eq!(subscribed.kind, PushKind::Subscribe);
    let message = timeout(DEADLINE, pushes.recv()).await.unwrap().unwrap();
    assert_eq!(message.kind, PushKind::Message);
    assert_eq!(message.data[1], Value::BulkString(b"x".to_vec()));

    let () = redis::cmd("SSUBSCRIBE").arg("shard").exec_async(&mut redis).await.unwrap();
    assert_eq!(
        redis::cmd("SPUBLISH").arg("shard").arg("y").query_async::<usize>(&mut redis).await.unwrap(),
        1
    );
    assert_eq!(timeout(DEADLINE, pushes.recv()).await.unwrap().unwrap().kind, PushKind::SSubscribe);
    assert_eq!(timeout(DEADLINE, pushes.recv()).await.unwrap().unwrap().kind, PushKind::SMessage);
}
