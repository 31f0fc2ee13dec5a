//! What is known of who has which slots is out of date, and no health check finds out before a call does.

use redis_failover::{Backoff, Suspicion};

use super::commands::move_slot;
use super::*;

fn unasked(database: DatabaseConfig) -> DatabaseConfig {
    database.health_check_interval(Duration::from_secs(600)).suspicion(Suspicion::off())
}

/// What is popped from a list that something was put on.
async fn popped(client: &mut MultiDbClient, list: &str) -> redis::RedisResult<i64> {
    let () = client.rpush(list, 7).await?;
    Ok(client.blpop::<_, (String, i64)>(list, 1.0).await?.1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_primary_whose_place_another_one_took_is_not_dialled_for_ever() {
    let Some(cluster) = cluster_of(RealCluster::builder().shards(2).replicas(1)).await else { return };
    let [primary, _, replica, _] = cluster.nodes() else { panic!("four nodes") };
    // All that is configured is the one that will be gone.
    let seed = DatabaseConfig::cluster([primary.url()]).unwrap().name("primary");
    let mut client = connected([unasked(seed)]).await;
    assert_eq!(popped(&mut client, "list:{b}").await.unwrap(), 7);

    let said = replica.say("CLUSTER FAILOVER TAKEOVER").await.unwrap();
    assert!(said.contains("+OK"), "{said}");
    primary.kill().unwrap();
    let popping = async {
        while let Err(error) = client.blpop::<_, Option<(String, i64)>>("list:{b}", 0.1).await {
            eprintln!("not yet: {error}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, popping).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_node_that_does_not_tell_its_host_is_found_where_the_others_are() {
    let Some(cluster) = cluster().await else { return };
    for node in cluster.nodes() {
        node.say("CONFIG SET cluster-preferred-endpoint-type unknown-endpoint").await.unwrap();
    }
    // What fails is not repeated.
    let config = brisk(MultiDbConfig::new([unasked(database(&cluster))]))
        .command_retry(0, Backoff::new(Duration::ZERO, Duration::ZERO));
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    assert_eq!(popped(&mut client, "list:{c}").await.unwrap(), 7);
    move_slot(&cluster, 7365, 1, 2).await;
    assert!(client.blpop::<_, Option<(String, i64)>>("list:{c}", 0.1).await.unwrap().is_none());

    move_slot(&cluster, 7365, 2, 0).await;
    let () = client.set("c", 1).await.unwrap();
    move_slot(&cluster, 7365, 0, 1).await;
    let (set, got): ((), i64) = redis::pipe().set("c", 2).get("c").query_async(&mut client).await.unwrap();
    assert_eq!((set, got), ((), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_blocking_pipeline_follows_its_slot_and_runs_nothing_twice() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([unasked(database(&cluster))]).await;
    assert_eq!(popped(&mut client, "list:{c}").await.unwrap(), 7);
    move_slot(&cluster, 7365, 1, 2).await;
    let mut pipeline = redis::pipe();
    pipeline.incr("count:{b}", 1).rpush("list:{c}", 8).blpop("list:{c}", 1.0);
    let (count, length, (_, popped)): (i64, i64, (String, i64)) =
        pipeline.query_async(&mut client).await.unwrap();
    assert_eq!((count, length, popped), (1, 1, 8));
}
