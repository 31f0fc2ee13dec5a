//! All kinds of database in one client.

use failover_testkit::server::SentinelSetup;
use redis::aio::MultiplexedConnection;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_a_cluster_joins_and_leaves_while_the_client_runs() {
    let Some(cluster) = cluster().await else { return };
    let alone = RealServer::start().await.unwrap();
    let first = DatabaseConfig::from_url(&alone.url()).unwrap().name("primary").weight(0.5);
    let mut client = connected([first]).await;
    let joining = DatabaseConfig::cluster(cluster.urls()).unwrap().name("cluster").client_name("joined");
    client.add_database(joining).await.unwrap();
    becomes_active(&client, "cluster").await;
    for key in KEYS {
        set_at_last(&mut client, key, 1).await;
    }
    client.remove_database("cluster").await.unwrap();
    becomes_active(&client, "primary").await;
    for node in cluster.nodes() {
        let closing = async {
            while node.say("CLIENT LIST").await.unwrap().contains("name=joined") {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, closing).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_clusters_sentinels_servers_and_own_services_are_databases_of_one_client() {
    let Some(cluster) = cluster().await else { return };
    let setup = SentinelSetup::builder().start().await.unwrap();
    let (alone, own) = (RealServer::start().await.unwrap(), RealServer::start().await.unwrap());
    let kept: MultiplexedConnection =
        redis::Client::open(own.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut client = connected([
        database(&cluster),
        DatabaseConfig::sentinel(setup.service(), setup.sentinel_urls()).unwrap().name("managed").weight(0.5),
        DatabaseConfig::from_url(&alone.url()).unwrap().name("alone").weight(0.25),
        DatabaseConfig::from_connection("own", kept).weight(0.125),
    ])
    .await;

    set_at_last(&mut client, "key", 1).await;
    cluster.kill().unwrap();
    becomes_active(&client, "managed").await;
    set_at_last(&mut client, "key", 2).await;
    assert!(setup.primary().say("GET key").await.unwrap().ends_with("2\r\n"));
    setup.primary().kill().unwrap();
    setup.replica().kill().unwrap();
    becomes_active(&client, "alone").await;
    set_at_last(&mut client, "key", 3).await;
    assert!(alone.say("GET key").await.unwrap().ends_with("3\r\n"));
    alone.kill().unwrap();
    becomes_active(&client, "own").await;
    set_at_last(&mut client, "key", 4).await;
    assert!(own.say("GET key").await.unwrap().ends_with("4\r\n"));

    cluster.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    set_at_last(&mut client, "key", 5).await;
}
