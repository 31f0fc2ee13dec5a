//! Clusters and sentinels of real servers; each story is skipped, and says so, where no binary is found.
#![allow(clippy::unwrap_used, reason = "a helper that fails must fail its test")]

use failover_testkit::server::{RealCluster, RealServer, SentinelSetup};

#[tokio::test]
async fn a_cluster_serves_all_its_slots_and_again_after_a_crash() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let cluster = RealCluster::builder().password("secret").start().await.unwrap();
    for (node, key) in cluster.nodes().iter().zip(["b", "c", "a"]) {
        assert!(node.say(format!("SET {key} value")).await.unwrap().ends_with("+OK\r\n"));
    }
    cluster.kill().unwrap();
    assert!(cluster.nodes().iter().all(|node| !node.is_running()));
    cluster.restart().await.unwrap();
    assert!(cluster.nodes()[1].say("GET c").await.unwrap().ends_with("$-1\r\n"));
}

#[tokio::test]
async fn a_replica_takes_the_place_of_a_shard_s_primary() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let cluster = RealCluster::builder().replicas(1).start().await.unwrap();
    assert_eq!(cluster.nodes().len(), 6);
    cluster.nodes()[0].kill().unwrap();
    let replica = &cluster.nodes()[3];
    for _ in 0..500 {
        if replica.say("SET b value").await.unwrap().starts_with("+OK") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the replica was not promoted");
}

#[tokio::test]
async fn sentinels_promote_the_replica() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let setup =
        SentinelSetup::builder().password("secret").sentinel_password("another").start().await.unwrap();
    setup.primary().kill().unwrap();
    setup.until_promoted().await.unwrap();
    assert!(setup.replica().say("SET key value").await.unwrap().ends_with("+OK\r\n"));
}
