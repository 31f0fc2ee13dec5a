//! Passwords and TLS, at every dial of every node.

use std::sync::{Arc, Mutex};

use failover_testkit::{server::ServerTls, tls::Authority};
use redis_failover::{Tls, connection::Credentials};
use tests::switches;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_every_node_is_reached_over_tls() {
    let authority = Authority::new();
    let (server, node) = (authority.server(["localhost", "127.0.0.1"]), authority.client("node"));
    let tls = ServerTls::from(&server);
    let tls = tls.among_peers(authority.pem(), node.certificate_pem(), node.key_pem());
    let Some(cluster) = cluster_of(RealCluster::builder().tls(tls)).await else { return };
    let urls: Vec<_> = cluster.nodes().iter().map(|node| node.tls_url().unwrap()).collect();
    let database = DatabaseConfig::cluster(&urls).unwrap().name("primary");
    let mut client = connected([database.clone().tls(Tls::new().ca_data(authority.pem()))]).await;
    for key in KEYS {
        let () = client.set(key, 1).await.unwrap();
    }
    let popped = client.blpop::<_, Option<(String, i64)>>("list:{c}", 0.01).await.unwrap();
    assert_eq!(popped, None);
    for node in cluster.nodes() {
        let clients = node.say("CLIENT LIST").await.unwrap();
        let port = format!("laddr={} ", node.tls_addr().unwrap());
        assert!(clients.contains(&port), "{clients}");
    }

    let distrustful = MultiDbClient::new(MultiDbConfig::new([database])).unwrap();
    let error = distrustful.connect(PATIENCE).await.unwrap_err();
    assert!(matches!(error, redis_failover::Error::Misconfigured { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_changed_password_is_asked_for_before_every_dial_of_every_node() {
    let Some(cluster) = cluster_of(RealCluster::builder().password("old")).await else { return };
    let other = RealServer::start().await.unwrap();
    let urls = cluster.nodes().iter().map(|node| format!("redis://{}", node.addr()));
    let password = Arc::new(Mutex::new("old"));
    let current = Arc::clone(&password);
    let database = DatabaseConfig::cluster(urls).unwrap().name("primary").credentials(move || {
        let password = *current.lock().unwrap();
        async move { Ok(Credentials::password(password)) }
    });
    let mut client = connected([database, secondary(&other)]).await;

    *password.lock().unwrap() = "new";
    for node in cluster.nodes() {
        node.say("CONFIG SET requirepass new\r\nCLIENT KILL TYPE normal").await.unwrap();
    }
    for key in KEYS {
        set_at_last(&mut client, key, 1).await;
    }
    assert_eq!(switches(&client), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_wrong_password_is_a_misconfiguration_and_never_shown() {
    let Some(cluster) = cluster_of(RealCluster::builder().password("right")).await else { return };
    let urls = cluster.nodes().iter().map(|node| format!("redis://:hunter2@{}", node.addr()));
    let client = MultiDbClient::new(MultiDbConfig::new([DatabaseConfig::cluster(urls).unwrap()])).unwrap();
    let error = client.connect(PATIENCE).await.unwrap_err();
    assert!(matches!(error, redis_failover::Error::Misconfigured { .. }), "{error:?}");
    assert!(!format!("{error} {client:?}").contains("hunter2"));
}
