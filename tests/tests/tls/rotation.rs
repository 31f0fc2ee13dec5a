//! Certificates are replaced while all is well, and not by better ones.

use std::fs;
use std::time::Duration;

use failover_testkit::server::RealServer;
use failover_testkit::tls::{Authority, Identity};
use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis_failover::{DatabaseConfig, Event, EventStream, MultiDbClient, MultiDbConfig, Tls};
use tempfile::TempDir;
use tests::{Load, PATIENCE, becomes_active, cut_probes, eventually, plain, switches};
use tokio::time::{sleep, timeout};
use tower_failover::Verdict;

use crate::{HERE, server_of};

/// From now on the server shows this to whoever dials.
async fn shows(identity: &Identity, server: &mut MultiplexedConnection, directory: &TempDir) {
    let (certificate, key) = (directory.path().join("new.pem"), directory.path().join("new.key"));
    fs::write(&certificate, identity.certificate_pem()).unwrap();
    fs::write(&key, identity.key_pem()).unwrap();
    let mut command = redis::cmd("CONFIG");
    command.arg("SET").arg("tls-cert-file").arg(certificate.to_str().unwrap());
    command.arg("tls-key-file").arg(key.to_str().unwrap());
    command.exec_async(server).await.unwrap();
}

async fn told_why(events: &mut EventStream) -> String {
    let told = async {
        loop {
            if let Some(Event::Misconfigured { member, detail, .. }) = events.next().await {
                assert_eq!(&*member, "primary");
                return detail.to_string();
            }
        }
    };
    timeout(PATIENCE, told).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_certificates_that_are_replaced_by_wrong_ones_are_told_of_and_move_nobody() {
    let authority = Authority::new();
    let servers = [server_of(&authority).await, server_of(&authority).await];
    let database = |server: &RealServer, name: &str, weight: f64| {
        let tls = Tls::new().ca_data(authority.pem());
        DatabaseConfig::from_url(&server.tls_url().unwrap()).unwrap().tls(tls).name(name).weight(weight)
    };
    let config =
        MultiDbConfig::new([database(&servers[0], "primary", 1.0), database(&servers[1], "secondary", 0.5)])
            .health_check_interval(Duration::from_millis(200))
            .health_check_delay(Duration::from_millis(20));
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut events = client.events();
    let load = Load::start(&client, 4);
    let mut operator = plain(&servers[0].url()).await;
    let directory = tempfile::tempdir().unwrap();

    for (wrong, advice) in [
        (authority.expired_server(HERE), "has expired"),
        (authority.server(["db.example"]), "not made for 127.0.0.1"),
        (Authority::new().server(HERE), "ca_file"),
    ] {
        shows(&wrong, &mut operator, &directory).await;
        cut_probes(&mut operator).await;
        let why = told_why(&mut events).await;
        assert!(why.contains(advice), "{why}");
        sleep(Duration::from_millis(500)).await;
        assert_eq!(switches(&client), Vec::<String>::new());

        shows(&authority.server(HERE), &mut operator, &directory).await;
        eventually(&client, "the primary is well", |snapshot| {
            let view = &snapshot.member("primary").unwrap().view;
            view.verdict == Verdict::Healthy && view.evidence.is_none()
        })
        .await;
    }
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    assert_eq!(switches(&client), Vec::<String>::new());
}
