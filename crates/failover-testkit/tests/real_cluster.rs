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

#[tokio::test]
async fn servers_that_changed_places_are_called_by_what_they_are() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let mut setup = SentinelSetup::builder().start().await.unwrap();
    let ports = |setup: &SentinelSetup| (setup.primary().port(), setup.replica().port());
    let (primary, replica) = ports(&setup);
    setup.settle().await.unwrap();
    assert_eq!(ports(&setup), (primary, replica));

    setup.primary().stop().unwrap();
    setup.until_promoted().await.unwrap();
    setup.primary().resume().unwrap();
    // The sentinel would come to it by itself, after some ten seconds.
    setup.primary().say(format!("REPLICAOF 127.0.0.1 {replica}")).await.unwrap();
    setup.settle().await.unwrap();
    assert_eq!(ports(&setup), (replica, primary));
    assert!(setup.primary().say("SET key value").await.unwrap().ends_with("+OK\r\n"));
    assert!(setup.replica().say("SET key value").await.unwrap().starts_with("-READONLY"));
}
