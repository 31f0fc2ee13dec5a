//! Nothing is left behind by a thousand changes: B42.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, MultiDbClient};
use tests::{Held, active, memory, until};

use super::{at, by_one_probe, database, started};

const CYCLES: usize = 1000;

/// A leak of a database's parts in each cycle would be several times as much.
const MEMORY: u64 = 2 * 1024;

/// Runs the change often, and compares what is held before and after.
async fn leaves_nothing_behind(servers: [&AnyServer; 2], mut change: impl AsyncFnMut(usize)) {
    // Whatever is made once is made now, and the allocator has its pages.
    for cycle in 0..CYCLES / 5 {
        change(cycle).await;
    }
    let (held, kilobytes) = (Held::settled(servers).await, memory());
    for cycle in 0..CYCLES {
        change(cycle).await;
    }
    until("all is as before", async || Held::now(servers).await == held).await;
    let grown = memory().saturating_sub(kilobytes);
    assert!(grown < MEMORY, "{kilobytes} kB have grown by {grown} kB");
}

async fn write(client: &mut MultiDbClient) {
    client.set::<_, _, ()>("key", "value").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_a_thousand_databases_come_and_go_and_leave_nothing_behind() {
    let ((eu_server, eu), (us_server, _)) = (database("eu", 1.0).await, database("us", 2.0).await);
    let mut client = started(by_one_probe([eu])).await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    let idle = client.clone();
    let us = |cycle: usize| -> DatabaseConfig {
        // Every other time it is the active one, and under several names.
        let weight = if cycle.is_multiple_of(2) { 2.0 } else { 0.5 };
        at(&us_server, &format!("us-{}", cycle % 7), weight)
    };
    leaves_nothing_behind([&eu_server, &us_server], async |cycle| {
        let us = us(cycle);
        client.add_database(us).await.unwrap();
        write(&mut client).await;
        client.remove_database(&format!("us-{}", cycle % 7)).await.unwrap();
        write(&mut client).await;
    })
    .await;
    assert_eq!(active(&idle).as_deref(), Some("eu"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_a_thousand_flaps_of_a_circuit_leave_nothing_behind() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = started(by_one_probe([eu, us])).await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    leaves_nothing_behind([&eu_server, &us_server], async |_| {
        client.trip_database("eu", Duration::from_secs(600)).await.unwrap();
        assert_eq!(active(&client).as_deref(), Some("us"));
        write(&mut client).await;
        client.release_database("eu").await.unwrap();
        client.force_active_database("eu").await.unwrap();
        assert_eq!(active(&client).as_deref(), Some("eu"));
        client.release_active_database().await.unwrap();
        write(&mut client).await;
    })
    .await;
}
