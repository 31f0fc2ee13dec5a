//! Which nodes count.

use std::sync::atomic::{AtomicBool, Ordering};

use redis::Value;
use redis_failover::health::Prober;
use redis_failover::tower_failover::{Health, Probe, Verdict};
use redis_failover::{ClusterHealth, HealthCheck, Suspicion};
use tests::{eventually, switches};

use super::*;

/// A primary and a replica that is known to be of use; the cluster takes long to give up either.
async fn primary_and_replica() -> Option<RealCluster> {
    let builder = RealCluster::builder().shards(1).replicas(1).node_timeout(Duration::from_secs(60));
    let cluster = cluster_of(builder).await?;
    let (primary, replica) = (&cluster.nodes()[0], &cluster.nodes()[1]);
    primary.say("SET key value").await.unwrap();
    let port = format!(":{}\r\n", replica.port());
    let listing = async {
        while !primary.say("CLUSTER SLOTS").await.unwrap().contains(&port) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, listing).await.unwrap();
    Some(cluster)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_lost_replica_counts_among_all_nodes_and_not_among_the_primaries() {
    let Some(cluster) = primary_and_replica().await else { return };
    let of = |name: &str, health| {
        let config = DatabaseConfig::cluster(cluster.urls()).unwrap().name(name).cluster_health(health);
        MultiDbClient::new(brisk(MultiDbConfig::new([config]))).unwrap()
    };
    let all = of("all", ClusterHealth::AllNodes);
    let primaries = of("primaries", ClusterHealth::AllPrimaries);
    for client in [&all, &primaries] {
        client.connect(PATIENCE).await.unwrap();
    }
    cluster.nodes()[1].kill().unwrap();
    eventually(&all, "the replica is missed", |snapshot| {
        snapshot.members[0].view.verdict == Verdict::Unhealthy
    })
    .await;
    let verdict = primaries.snapshot().unwrap().members[0].view.verdict;
    assert_eq!(verdict, Verdict::Healthy);
    set_at_last(&mut primaries.clone(), "key", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_node_that_has_left_the_cluster_does_not_count() {
    let Some(cluster) = primary_and_replica().await else { return };
    let client = connected([database(&cluster)]).await;
    let (primary, replica) = (&cluster.nodes()[0], &cluster.nodes()[1]);
    let id = replica.say("CLUSTER MYID").await.unwrap();
    let id = id.lines().find(|line| line.len() == 40).unwrap().to_owned();
    replica.kill().unwrap();
    eventually(&client, "it is missed", |snapshot| snapshot.members[0].view.verdict == Verdict::Unhealthy)
        .await;
    let said = primary.say(format!("CLUSTER FORGET {id}")).await.unwrap();
    assert!(said.contains("+OK"), "{said}");
    eventually(&client, "it is forgotten", |snapshot| snapshot.members[0].view.verdict == Verdict::Healthy)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_node_that_hangs_is_not_outvoted_by_the_others() {
    // The cluster itself takes long to give it up.
    let builder = RealCluster::builder().node_timeout(Duration::from_secs(60));
    let Some(cluster) = cluster_of(builder).await else { return };
    let other = RealServer::start().await.unwrap();
    // Nothing but the rounds of the health checks asks.
    let primary = database(&cluster).suspicion(Suspicion::off());
    let client = connected([primary, secondary(&other)]).await;
    // The others' commands go on, and say nothing of the one that hangs.
    let mut busy = client.clone();
    let calling = tokio::spawn(async move {
        loop {
            let _ = busy.get::<_, Option<i64>>("b").await;
            sleep(Duration::from_millis(5)).await;
        }
    });
    cluster.nodes()[1].stop().unwrap();
    becomes_active(&client, "secondary").await;
    cluster.nodes()[1].resume().unwrap();
    becomes_active(&client, "primary").await;
    calling.abort();
}

/// Cannot tell of the first node that answers, and passes the others.
fn undecided_about_one() -> HealthCheck {
    HealthCheck::new("undecided", |prober: Prober, probe: Probe| async move {
        let is_first = AtomicBool::new(true);
        let judge = |_: &Value| match is_first.swap(false, Ordering::Relaxed) {
            true => Health::Unknown("it cannot tell".into()),
            false => Health::Healthy,
        };
        prober.ask(probe, &redis::cmd("PING"), judge).await
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_node_that_nothing_is_known_of_does_not_hide_one_that_fails() {
    let builder = RealCluster::builder().node_timeout(Duration::from_secs(60));
    let Some(cluster) = cluster_of(builder).await else { return };
    let config = database(&cluster).health_checks([undecided_about_one()]).suspicion(Suspicion::off());
    let client = MultiDbClient::new(brisk(MultiDbConfig::new([config]))).unwrap();
    let verdict_is = |verdict| {
        eventually(&client, "it is judged", move |snapshot| snapshot.members[0].view.verdict == verdict)
    };
    // Nothing speaks against the cluster but what is not known.
    let _ = client.connect(Duration::from_secs(2)).await;
    verdict_is(Verdict::Unknown).await;
    // It says nothing, so that its failure comes last.
    cluster.nodes()[1].stop().unwrap();
    verdict_is(Verdict::Unhealthy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_cluster_without_slots_is_unhealthy_and_so_is_a_server_that_is_none() {
    let Some(cluster) = cluster_of(RealCluster::builder().shards(1)).await else { return };
    let alone = RealServer::start().await.unwrap();
    cluster.nodes()[0].say("CLUSTER FLUSHSLOTS").await.unwrap();
    for (url, said) in [(cluster.nodes()[0].url(), "has slots"), (alone.url(), "cluster support disabled")] {
        let config = DatabaseConfig::cluster([url]).unwrap();
        let client = MultiDbClient::new(brisk(MultiDbConfig::new([config]))).unwrap();
        client.connect(Duration::from_millis(300)).await.unwrap_err();
        eventually(&client, said, |snapshot| {
            let view = &snapshot.members[0].view;
            view.verdict == Verdict::Unhealthy && format!("{:?}", view.evidence).contains(said)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b22_a_cluster_whose_nodes_announce_what_cannot_be_reached_is_unavailable_and_says_so() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let closed = RealServer::start().await.unwrap();
    closed.kill().unwrap();
    for node in cluster.nodes() {
        node.say(format!("CONFIG SET cluster-announce-port {}", closed.port())).await.unwrap();
    }
    let announced = format!("127.0.0.1:{}", closed.port());
    let client =
        MultiDbClient::new(brisk(MultiDbConfig::new([database(&cluster), secondary(&other)]))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "secondary").await;
    eventually(&client, "the evidence names the address", |snapshot| {
        format!("{:?}", snapshot.members[0].view.evidence).contains(&announced)
    })
    .await;
    set_at_last(&mut client.clone(), "key", 1).await;

    for node in cluster.nodes() {
        node.say("CONFIG SET cluster-announce-port 0").await.unwrap();
    }
    becomes_active(&client, "primary").await;
    set_at_last(&mut client.clone(), "key", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_connections_that_are_cut_are_no_reason_to_leave() {
    let Some(cluster) = cluster().await else { return };
    let other = RealServer::start().await.unwrap();
    let mut client = connected([database(&cluster), secondary(&other)]).await;
    for _ in 0..5 {
        for node in cluster.nodes() {
            node.say("CLIENT KILL TYPE normal").await.unwrap();
        }
        for key in KEYS {
            set_at_last(&mut client, key, 1).await;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(switches(&client), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_the_role_is_asked_of_primaries_only() {
    let Some(cluster) = cluster_of(RealCluster::builder().shards(1).replicas(1)).await else { return };
    let client = connected([database(&cluster).health_checks([HealthCheck::role()])]).await;
    assert_eq!(client.snapshot().unwrap().members[0].view.verdict, Verdict::Healthy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_a_closed_client_leaves_no_connection_to_a_cluster() {
    let Some(cluster) = cluster().await else { return };
    let mut client = connected([database(&cluster).client_name("counted")]).await;
    let idle = client.clone();
    let mut subscriber = client.pubsub().await.unwrap();
    subscriber.subscribe("news").await.unwrap();
    let waiting = {
        let mut client = client.clone();
        tokio::spawn(async move { client.blpop::<_, (String, i64)>("list", 0.0).await })
    };
    for key in KEYS {
        set_at_last(&mut client, key, 1).await;
    }
    client.close(Duration::from_millis(100)).await;
    timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
    for node in cluster.nodes() {
        let closing = async {
            while node.say("CLIENT LIST").await.unwrap().contains("name=counted") {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, closing).await.unwrap();
    }
    drop(idle);
}
