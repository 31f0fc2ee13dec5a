//! One side does not trust the other: a mistake of configuration that says what to do.

use std::sync::Arc;

use failover_testkit::{server::RealServer, tls::Authority};
use redis::{IntoConnectionInfo, RedisError};
use redis_failover::{
    DatabaseConfig, Error, MultiDbClient, MultiDbConfig, Tls,
    classify::{Misconfigured, ReplyClass, Shape},
    connection::{Endpoint, TcpConnect, TlsConnect, TlsTrustError},
};
use tests::{Afterwards, Impostor, PATIENCE, becomes_active, eventually};

use crate::{HERE, dial, mutual_server_of, server, server_of};

async fn refused(server: &RealServer, tls: Tls) -> RedisError {
    dial(server, tls).await.map(|_| ()).unwrap_err()
}

#[track_caller]
fn is_misconfigured(server: &RealServer, error: &RedisError, advice: &str) {
    let class = ReplyClass::of(Err(error), Shape::Single);
    assert_eq!(class, ReplyClass::Misconfigured(Misconfigured::TlsTrust), "{error}");
    let found = TlsTrustError::find(error).unwrap().to_string();
    assert!(found.contains(&server.tls_addr().unwrap().to_string()), "{found} does not say where");
    assert!(found.contains(advice), "{found} does not say {advice}");
}

#[tokio::test]
async fn b14_an_authority_that_is_not_trusted_is_a_mistake_of_configuration() {
    let server = server_of(&Authority::new()).await;
    let error = refused(&server, Tls::new().ca_data(Authority::new().pem())).await;
    is_misconfigured(&server, &error, "give that authority's certificate by ca_file");
}

#[tokio::test]
async fn b14_a_certificate_for_another_name_is_a_mistake_of_configuration() {
    let authority = Authority::new();
    let server = server(&authority.server(["db.example"])).await;
    let error = refused(&server, Tls::new().ca_data(authority.pem())).await;
    is_misconfigured(&server, &error, "not made for 127.0.0.1; dial it by a name it has, or set server_name");
}

#[tokio::test]
async fn b14_an_expired_certificate_is_a_mistake_of_configuration() {
    let authority = Authority::new();
    let server = server(&authority.expired_server(HERE)).await;
    let error = refused(&server, Tls::new().ca_data(authority.pem())).await;
    is_misconfigured(&server, &error, "has expired; renew it");
}

#[tokio::test]
async fn b14_a_missing_client_certificate_is_a_mistake_of_configuration() {
    let authority = Authority::new();
    let server = mutual_server_of(&authority).await;
    let error = refused(&server, Tls::new().ca_data(authority.pem())).await;
    is_misconfigured(&server, &error, "give one by client_cert_file and client_key_file");
}

#[tokio::test]
async fn b14_a_client_certificate_that_the_server_does_not_trust_is_a_mistake_of_configuration() {
    let authority = Authority::new();
    let server = mutual_server_of(&authority).await;
    let client = Authority::new().client("stranger");
    let tls = Tls::new()
        .ca_data(authority.pem())
        .client_cert_data(client.certificate_pem())
        .client_key_data(client.key_pem());
    let error = refused(&server, tls).await;
    is_misconfigured(&server, &error, "client certificate");
}

#[tokio::test]
async fn b14_a_port_that_does_not_speak_tls_says_so() {
    let plain = Impostor::start(b"-ERR unknown command\r\n", Afterwards::Listens).await;
    let connect = TlsConnect::new(Tls::new(), TcpConnect::default()).unwrap();
    let info = plain.url().into_connection_info().unwrap();
    let error = Endpoint::new(info, Arc::new(connect), PATIENCE).dial(None).await.unwrap_err();
    assert!(error.to_string().contains("is this its tls port?"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_database_that_is_not_trusted_says_why_and_the_other_serves() {
    let authority = Authority::new();
    let (stranger, friend) = (server_of(&Authority::new()).await, server_of(&authority).await);
    let tls = Tls::new().ca_data(authority.pem());
    let database =
        |server: &RealServer| DatabaseConfig::from_url(&server.tls_url().unwrap()).unwrap().tls(tls.clone());
    let config = MultiDbConfig::new([
        database(&stranger).name("stranger").weight(1.0),
        database(&friend).name("friend").weight(0.5),
    ]);
    let strict = MultiDbClient::new(config.clone()).unwrap();
    match strict.connect(PATIENCE).await.unwrap_err() {
        Error::Misconfigured { database, detail } => {
            assert_eq!(&*database, "stranger");
            assert!(detail.contains("ca_file"), "{detail} does not say what to do");
        }
        other => panic!("{other:?}"),
    }

    let tolerant = MultiDbClient::new(config.tolerate_misconfigured(true)).unwrap();
    tolerant.connect(PATIENCE).await.unwrap();
    becomes_active(&tolerant, "friend").await;
    eventually(&tolerant, "the snapshot says what to do", |snapshot| {
        let stranger = snapshot.member("stranger").unwrap();
        stranger.view.evidence.as_ref().is_some_and(|evidence| evidence.to_string().contains("ca_file"))
    })
    .await;
}
