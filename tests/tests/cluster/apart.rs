//! What has a connection of its own: blocking commands, transactions, subscribers.

use futures_util::StreamExt;
use redis_failover::{Error, PubSub, PubSubItem};

use super::commands::move_slot;
use super::*;

/// One whose health checks do not find out that a slot has moved before a call does.
fn unasked(cluster: &RealCluster) -> DatabaseConfig {
    database(cluster).health_check_interval(Duration::from_secs(600))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_blocking_commands_wait_at_the_node_of_their_key() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([unasked(&cluster)]).await;
    for key in KEYS {
        let mut waiting = client.clone();
        let popped =
            tokio::spawn(
                async move { waiting.blpop::<_, (String, i64)>(format!("list:{{{key}}}"), 0.0).await },
            );
        sleep(Duration::from_millis(50)).await;
        let () = client.rpush(format!("list:{{{key}}}"), 7).await.unwrap();
        let popped = timeout(PATIENCE, popped).await.unwrap().unwrap().unwrap();
        assert_eq!(popped, (format!("list:{{{key}}}"), 7));
    }
    // One that has moved since is followed.
    move_slot(&cluster, 7365, 1, 2).await;
    let () = client.rpush("list:{c}", 8).await.unwrap();
    assert_eq!(client.blpop::<_, (String, i64)>("list:{c}", 1.0).await.unwrap().1, 8);

    let error = client.blpop::<_, (String, i64)>(&["a", "b"], 1.0).await.unwrap_err();
    assert_eq!(error.code(), Some("CROSSSLOT"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_transaction_runs_at_the_node_of_the_keys_it_watches() {
    let Some(cluster) = cluster().await else { return };
    let client = connected([unasked(&cluster)]).await;
    for key in KEYS {
        let counting = (0..4).map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    increment(&client, key).await.unwrap();
                }
            })
        });
        for counted in counting.collect::<Vec<_>>() {
            timeout(PATIENCE, counted).await.unwrap().unwrap();
        }
        assert_eq!(client.clone().get::<_, i64>(key).await.unwrap(), 40);
    }
    // Redirected by WATCH.
    move_slot(&cluster, 7365, 1, 0).await;
    assert_eq!(increment(&client, "c").await.unwrap(), Some((41,)));

    let across = client.transaction::<_, (), _, _>(&["a", "b"], |_, pipeline| async { Ok(Some(pipeline)) });
    assert!(matches!(across.await, Err(Error::CrossSlot { command: "WATCH" })));
    let nothing: [&str; 0] = [];
    let keyless = client.transaction::<_, (), _, _>(&nothing, |_, pipeline| async { Ok(Some(pipeline)) });
    assert!(matches!(keyless.await, Err(Error::NoKeyToWatch)));
    let other_key = client.transaction::<_, (), _, _>("a", |_, mut pipeline| async move {
        pipeline.set("b", 1);
        Ok(Some(pipeline))
    });
    assert!(matches!(other_key.await, Err(Error::CrossSlot { command: "MULTI" })));
    let read_elsewhere = client.transaction::<_, (), _, _>("a", |mut connection, pipeline| async move {
        let () = connection.get("b").await?;
        Ok(Some(pipeline))
    });
    assert!(matches!(read_elsewhere.await, Err(Error::CrossSlot { command: "GET" })));
}

async fn increment(client: &MultiDbClient, key: &'static str) -> Result<Option<(i64,)>, Error> {
    client
        .transaction(key, |mut connection, mut pipeline| async move {
            let value: Option<i64> = connection.get(key).await?;
            pipeline.set(key, value.unwrap_or(0) + 1).ignore().get(key);
            Ok(Some(pipeline))
        })
        .await
}

/// The next message.
async fn heard(subscriber: &mut PubSub) -> String {
    let hearing = async {
        loop {
            if let Some(PubSubItem::Message(message)) = subscriber.next().await {
                return message.get_payload().unwrap();
            }
        }
    };
    timeout(PATIENCE, hearing).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b43_subscribers_hear_of_a_cluster_and_of_what_comes_after_it() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let mut client = connected([database(&cluster), secondary(&other)]).await;
    let mut subscriber = client.pubsub().await.unwrap();
    subscriber.subscribe("news").await.unwrap();
    subscriber.psubscribe("weather:*").await.unwrap();
    for (place, channel) in ["news", "weather:a", "weather:b"].into_iter().enumerate() {
        let said = cluster.nodes()[place].say(format!("PUBLISH {channel} {place}")).await.unwrap();
        assert!(said.starts_with(':'), "{said}");
        assert_eq!(heard(&mut subscriber).await, place.to_string());
    }
    cluster.kill().unwrap();
    becomes_active(&client, "secondary").await;
    let publishing = async {
        loop {
            if client.publish::<_, _, i64>("news", "there").await.unwrap() > 0 {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, publishing).await.unwrap();
    assert_eq!(heard(&mut subscriber).await, "there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b43_sharded_channels_are_heard_at_the_node_of_their_slot() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([database(&cluster)]).await;
    for key in KEYS {
        let mut subscriber = client.pubsub().await.unwrap();
        let channel = format!("shard:{{{key}}}");
        timeout(PATIENCE, subscriber.ssubscribe(&channel)).await.unwrap().unwrap();
        subscriber.ssubscribe(format!("{channel}:2")).await.unwrap();
        let reached: i64 = client.spublish(&channel, "hello").await.unwrap();
        assert_eq!(reached, 1);
        assert_eq!(heard(&mut subscriber).await, "hello");

        let elsewhere = KEYS.into_iter().find(|other| *other != key).unwrap();
        let error = subscriber.ssubscribe(elsewhere).await.unwrap_err();
        assert!(matches!(error, Error::CrossSlot { command: "SSUBSCRIBE" }), "{error:?}");
        let _: i64 = client.spublish(format!("{channel}:2"), "again").await.unwrap();
        assert_eq!(heard(&mut subscriber).await, "again");
    }
}
