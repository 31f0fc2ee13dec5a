//! From a cluster to another database, and back; or not.

use redis_failover::ClusterHealth;
use tests::{Load, active, eventually, switches};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_cluster_that_is_killed_is_left_and_taken_back() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let client = connected([database(&cluster), secondary(&other)]).await;
    let load = Load::start(&client, 4);
    load.goes_on().await;

    cluster.kill().unwrap();
    becomes_active(&client, "secondary").await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "what may be repeated does not notice: {:?}", tally.errors);

    cluster.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    let mut client = client;
    for key in KEYS {
        set_at_last(&mut client, key, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b35_a_cluster_that_hangs_is_left_and_its_calls_move() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let client = connected([database(&cluster), secondary(&other)]).await;
    let load = Load::start(&client, 4);
    load.goes_on().await;

    cluster.stop().unwrap();
    becomes_active(&client, "secondary").await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "what may be repeated moves: {:?}", tally.errors);
    cluster.resume().unwrap();
    becomes_active(&client, "primary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_an_idle_client_leaves_a_cluster_that_is_killed() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    // Nothing but the end of the connections tells.
    let quiet = database(&cluster).health_check_interval(Duration::from_secs(600));
    let client = connected([quiet, secondary(&other)]).await;
    cluster.kill().unwrap();
    becomes_active(&client, "secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_cluster_that_loses_a_shard_is_left() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let client = connected([database(&cluster), secondary(&other)]).await;
    cluster.nodes()[1].kill().unwrap();
    becomes_active(&client, "secondary").await;
    let lost = cluster.nodes()[1].addr().to_string();
    eventually(&client, "the evidence names the node", |snapshot| {
        format!("{:?}", snapshot.members[0].view.evidence).contains(&lost)
    })
    .await;
    cluster.restart().await.unwrap();
    becomes_active(&client, "primary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_a_shard_that_is_back_within_down_after_makes_no_switch() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let patient = database(&cluster).down_after(Duration::from_secs(15));
    let mut client = connected([patient, secondary(&other)]).await;
    cluster.nodes()[1].kill().unwrap();
    eventually(&client, "the loss is seen", |snapshot| snapshot.members[0].view.evidence.is_some()).await;
    // Longer than the others take to find that the slots are not served.
    sleep(Duration::from_secs(2)).await;
    cluster.restart().await.unwrap();
    for key in KEYS {
        set_at_last(&mut client, key, 1).await;
    }
    assert_eq!(active(&client).as_deref(), Some("primary"));
    assert_eq!(switches(&client), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_a_replica_that_takes_a_primary_s_place_makes_no_switch() {
    let Some(cluster) = cluster_of(RealCluster::builder().replicas(1)).await else { return };
    let other = RealServer::start().await.unwrap();
    let patient =
        database(&cluster).cluster_health(ClusterHealth::AllPrimaries).down_after(Duration::from_secs(15));
    let mut client = connected([patient, secondary(&other)]).await;
    cluster.nodes()[1].kill().unwrap();
    set_at_last(&mut client, "c", 1).await;
    let said = cluster.nodes()[4].say("GET c").await.unwrap();
    assert!(said.ends_with("$1\r\n1\r\n"), "its replica has it: {said}");
    eventually(&client, "the cluster is well again", |snapshot| {
        snapshot.members[0].view.verdict == redis_failover::tower_failover::Verdict::Healthy
    })
    .await;
    for key in KEYS {
        set_at_last(&mut client, key, 2).await;
    }
    assert_eq!(switches(&client), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_cluster_that_goes_on_refusing_is_left_though_its_nodes_answer() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let impatient = database(&cluster).unserviceable_after(Duration::from_millis(500));
    let mut client = connected([impatient, secondary(&other)]).await;
    // Nobody has the slot now, and PING says nothing of that.
    cluster.nodes()[1].say("CLUSTER DELSLOTS 7365").await.unwrap();
    let setting = async {
        while active(&client).as_deref() == Some("primary") {
            let _ = client.set::<_, _, ()>("c", 1).await;
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, setting).await.unwrap();
    let switches = switches(&client);
    assert!(switches[0].contains("Unserviceable"), "{switches:?}");
}
