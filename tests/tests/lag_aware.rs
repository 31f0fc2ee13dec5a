//! Databases whose lag is told by a REST API, on real servers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::{
    server::AnyServer,
    tls::{Answer, Authority, RestApi, RestDatabase},
};
use redis::AsyncCommands;
use redis_failover::{ConfigError, DatabaseConfig, MultiDbClient, MultiDbConfig, Tls, health::LagAware};
use tests::{PATIENCE, active, becomes_active, config, eventually, switches};
use tokio::time::sleep;
use tower_failover::{Verdict, availability::CircuitState};

const QUICK: Duration = Duration::from_millis(100);
/// In which a client that would move has moved.
const A_WHILE: Duration = Duration::from_secs(1);

/// Two databases of one cluster, and its API.
struct Region {
    primary: AnyServer,
    secondary: AnyServer,
    api: RestApi,
    config: MultiDbConfig,
}

/// The uid of the primary; that of the secondary is one more.
const PRIMARY: u64 = 1;
const SECONDARY: u64 = 2;

impl Region {
    async fn start(lag_aware: LagAware) -> Self {
        let authority = Authority::new();
        let monitor = authority.client("monitor");
        let builder = RestApi::builder(&authority.server(["127.0.0.1"]));
        let builder = builder.require_clients_of(&authority).auth_basic("admin", "open-sesame");
        let api = builder.start().await.unwrap();
        let (primary, secondary) = (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap());
        let lag_aware =
            lag_aware.health_check_interval(QUICK).timeout(PATIENCE).auth_basic("admin", "open-sesame").tls(
                Tls::new()
                    .ca_data(authority.pem())
                    .client_cert_data(monitor.certificate_pem())
                    .client_key_data(monitor.key_pem()),
            );
        let database =
            |server: &AnyServer| DatabaseConfig::from_url(&server.url()).unwrap().health_check_url(api.url());
        let config = MultiDbConfig::new([
            database(&primary).name("primary").weight(1.0),
            database(&secondary).name("secondary").weight(0.5),
        ])
        .lag_aware(lag_aware)
        .auto_fallback_interval(Some(QUICK))
        .grace_period(QUICK)
        .health_check_interval(QUICK)
        .health_check_delay(Duration::from_millis(10));
        let region = Self { primary, secondary, api, config };
        region.lag(PRIMARY, 0);
        region.lag(SECONDARY, 0);
        region
    }

    fn lag(&self, uid: u64, milliseconds: u64) {
        let server = if uid == PRIMARY { &self.primary } else { &self.secondary };
        let database = RestDatabase::new(uid).address("127.0.0.1").port(server.addr().port());
        self.api.put(database.lag_ms(milliseconds));
    }

    async fn client(&self) -> MultiDbClient {
        let client = MultiDbClient::new(self.config.clone()).unwrap();
        client.connect(PATIENCE).await.unwrap();
        becomes_active(&client, "primary").await;
        client
    }
}

async fn has_verdict(client: &MultiDbClient, name: &str, verdict: Verdict) {
    let what = format!("{name} is {verdict:?}");
    eventually(client, &what, |snapshot| snapshot.member(name).unwrap().view.verdict == verdict).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_a_database_that_is_behind_is_left_for_one_that_keeps_up_and_taken_again_later() {
    let region = Region::start(LagAware::new()).await;
    let mut client = region.client().await;
    region.lag(PRIMARY, 6000);
    becomes_active(&client, "secondary").await;
    let snapshot = client.snapshot().unwrap();
    let primary = &snapshot.member("primary").unwrap().view;
    assert_eq!(primary.verdict, Verdict::Unhealthy);
    assert_eq!(primary.circuit.state, CircuitState::Closed, "it lives");
    assert!(primary.evidence.as_ref().unwrap().to_string().contains("bdb_lagging"), "{primary:?}");
    client.set::<_, _, ()>("key", 1).await.unwrap();

    region.lag(PRIMARY, 0);
    becomes_active(&client, "primary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_lag_never_removes_the_last_database() {
    let region = Region::start(LagAware::new()).await;
    let mut client = region.client().await;
    region.lag(SECONDARY, 6000);
    has_verdict(&client, "secondary", Verdict::Unhealthy).await;
    region.lag(PRIMARY, 6000);
    has_verdict(&client, "primary", Verdict::Unhealthy).await;
    sleep(A_WHILE).await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(switches(&client), Vec::<String>::new());

    // Behind is better than dead.
    region.primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 2).await.unwrap();
    assert_eq!(switches(&client).len(), 1, "{:?}", switches(&client));
    // And it is dialled again.
    region.secondary.kill().unwrap();
    region.secondary.restart().await.unwrap();
    has_verdict(&client, "secondary", Verdict::Unhealthy).await;
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_with_fallback_only_a_database_that_is_behind_is_not_left_and_not_fallen_back_to() {
    let region = Region::start(LagAware::new().fallback_only(true)).await;
    let client = region.client().await;
    region.lag(PRIMARY, 6000);
    has_verdict(&client, "primary", Verdict::NotPreferred).await;
    sleep(A_WHILE).await;
    assert_eq!(active(&client).as_deref(), Some("primary"));

    region.primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    region.primary.restart().await.unwrap();
    has_verdict(&client, "primary", Verdict::NotPreferred).await;
    sleep(A_WHILE).await;
    assert_eq!(active(&client).as_deref(), Some("secondary"));

    region.lag(PRIMARY, 0);
    becomes_active(&client, "primary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_an_api_that_cannot_be_asked_evicts_nothing_and_blocks_the_fallback() {
    let region = Region::start(LagAware::new()).await;
    let mut client = region.client().await;
    region.api.answer("/v1/bdbs/1/availability", Answer::Status(401));
    has_verdict(&client, "primary", Verdict::Unknown).await;
    sleep(A_WHILE).await;
    assert_eq!(switches(&client), Vec::<String>::new());

    region.primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    region.primary.restart().await.unwrap();
    has_verdict(&client, "primary", Verdict::Unknown).await;
    sleep(A_WHILE).await;
    assert_eq!(active(&client).as_deref(), Some("secondary"));

    // What nobody speaks against is taken when nothing else is left.
    region.secondary.kill().unwrap();
    becomes_active(&client, "primary").await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    region.api.tell_the_truth();
    has_verdict(&client, "primary", Verdict::Healthy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b27_an_api_that_is_gone_moves_nobody() {
    let region = Region::start(LagAware::new()).await;
    let mut client = region.client().await;
    drop(region.api);
    has_verdict(&client, "primary", Verdict::Unknown).await;
    has_verdict(&client, "secondary", Verdict::Unknown).await;
    sleep(A_WHILE).await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[test]
fn b56_the_lag_aware_check_needs_to_know_where_to_ask() {
    let refused = |config: MultiDbConfig, expected: &str| {
        let error = MultiDbClient::new(config).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        error
    };
    let without = || config("redis://localhost:1001", "redis://localhost:1002").lag_aware(LagAware::new());
    refused(without(), "option health_check_url of database primary");
    let with = |url: &str| {
        let database = DatabaseConfig::from_url("redis://localhost:1001").unwrap().name("eu");
        MultiDbConfig::new([database.health_check_url(url)]).lag_aware(LagAware::new())
    };
    let error = refused(with("https://admin:hunter2@api.example"), "auth_basic");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    refused(with("http://api.example"), "https://");
    assert!(MultiDbClient::new(with("https://api.example")).is_ok());
    let error = refused(
        with("https://api.example").lag_aware(LagAware::new().lag_aware_tolerance(Duration::ZERO)),
        "lag_aware_tolerance",
    );
    assert!(matches!(error, ConfigError::Option { .. }), "{error:?}");
}
