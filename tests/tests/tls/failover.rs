//! Two databases behind TLS.

use std::{sync::Arc, time::Duration};

use failover_testkit::{proxy::FaultProxy, server::RealServer, tls::Authority};
use redis::{AsyncCommands, IntoConnectionInfo};
use redis_failover::{
    DatabaseConfig, MultiDbClient, MultiDbConfig, Tls,
    connection::{Endpoint, TcpConnect, TlsConnect},
};
use tests::{PATIENCE, becomes_active, eventually};
use tokio::time::Instant;

use crate::{mutual_server_of, server_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_client_fails_over_from_one_server_with_tls_to_another() {
    let authority = Authority::new();
    let (primary, secondary) = (mutual_server_of(&authority).await, server_of(&authority).await);
    let app = authority.client("app");
    let tls = Tls::new()
        .ca_data(authority.pem())
        .client_cert_data(app.certificate_pem())
        .client_key_data(app.key_pem());
    let database = |url: String| DatabaseConfig::from_url(&url).unwrap().tls(tls.clone());
    let mut client = MultiDbClient::new(MultiDbConfig::new([
        database(primary.tls_url().unwrap()).name("primary").weight(1.0),
        database(secondary.tls_url().unwrap()).name("secondary").weight(0.5),
    ]))
    .unwrap();
    client.set::<_, _, ()>("key", "on the primary").await.unwrap();
    becomes_active(&client, "primary").await;

    primary.kill().unwrap();
    let dead_since = Instant::now();
    while dead_since.elapsed() < Duration::from_secs(1) {
        client.set::<_, _, ()>("key", "anywhere").await.unwrap();
    }
    becomes_active(&client, "secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_server_with_tls_that_falls_silent_is_left() {
    let authority = Authority::new();
    let (primary, secondary) = (server_of(&authority).await, server_of(&authority).await);
    let proxy = FaultProxy::start(primary.tls_addr().unwrap()).await.unwrap();
    let database =
        |url: String| DatabaseConfig::from_url(&url).unwrap().tls(Tls::new().ca_data(authority.pem()));
    let config = MultiDbConfig::new([
        database(format!("rediss://{}", proxy.addr())).name("primary").weight(1.0),
        database(secondary.tls_url().unwrap()).name("secondary").weight(0.5),
    ]);
    let client = MultiDbClient::new(config.health_check_interval(Duration::from_millis(300))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    proxy.control().black_hole();
    becomes_active(&client, "secondary").await;
}

#[tokio::test]
async fn b36_the_connect_timeout_covers_the_tls_handshake() {
    // A server without TLS waits for more of what it takes for a command.
    let plain = RealServer::start().await.unwrap();
    let info = plain.url().into_connection_info().unwrap();
    let connect = TlsConnect::new(Tls::new(), TcpConnect::default()).unwrap();
    let endpoint = Endpoint::new(info, Arc::new(connect), Duration::from_millis(200));
    assert!(endpoint.dial(None).await.unwrap_err().is_timeout());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_renewed_certificate_is_shown_at_the_next_dial() {
    let authority = Authority::new();
    let server = mutual_server_of(&authority).await;
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("app.pem"), directory.path().join("app.key"));
    let write = |authority: &Authority| {
        let app = authority.client("app");
        std::fs::write(&certificate, app.certificate_pem()).unwrap();
        std::fs::write(&key, app.key_pem()).unwrap();
    };
    write(&Authority::new());
    let tls = Tls::new().ca_data(authority.pem()).client_cert_file(&certificate).client_key_file(&key);
    let database = DatabaseConfig::from_url(&server.tls_url().unwrap()).unwrap().name("only").tls(tls);
    let config = MultiDbConfig::new([database])
        .grace_period(Duration::from_millis(100))
        .health_check_delay(Duration::from_millis(20));
    let client = MultiDbClient::new(config).unwrap();
    let _ = client.connect(Duration::from_millis(10)).await;
    eventually(&client, "the certificate is refused", |snapshot| {
        let only = snapshot.member("only").unwrap();
        only.view
            .evidence
            .as_ref()
            .is_some_and(|evidence| evidence.to_string().contains("client certificate"))
    })
    .await;

    write(&authority);
    becomes_active(&client, "only").await;
    client.clone().set::<_, _, ()>("key", 1).await.unwrap();

    // What cannot be used is no reason to lose what could.
    std::fs::write(&key, "half a fi").unwrap();
    server.restart().await.unwrap();
    let mut patient = client.clone();
    let since = Instant::now();
    while patient.set::<_, _, ()>("key", 2).await.is_err() {
        assert!(since.elapsed() < PATIENCE, "{:?}", client.snapshot());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
