use std::{net::Ipv6Addr, time::Duration};

use failover_testkit::tls::{Answer, Authority, RestApi, RestApiBuilder, RestDatabase};
use tokio::time::Instant;
use tower_failover::{Health, Probe, availability::Evidence, health::ProbeCause};
use tower_service::Service;

use super::{LagAware, LagAwareCheck, LagAwareError};
use crate::connection::{Address, Tls};

const LONG: Duration = Duration::from_secs(20);
const HOST: &str = "redis-12000.cluster.example";
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

fn ours(uid: u64) -> RestDatabase {
    RestDatabase::new(uid).dns_name(HOST).port(12000)
}

fn settings(authority: &Authority) -> LagAware {
    LagAware::new().tls(Tls::new().ca_data(authority.pem())).timeout(LONG)
}

fn check_at(settings: &LagAware, url: &str) -> LagAwareCheck {
    LagAwareCheck::new(settings, url, [Address::tcp(HOST, 12000)]).unwrap()
}

fn check(settings: &LagAware, api: &RestApi) -> LagAwareCheck {
    check_at(settings, &api.url())
}

async fn probe(check: &LagAwareCheck) -> Health {
    let probe = Probe { cause: ProbeCause::Scheduled, timeout: 2 * LONG };
    check.clone().call(probe).await.unwrap()
}

#[track_caller]
fn is_unknown(health: &Health, why: &str) {
    match health {
        Health::Unknown(said) => assert!(said.contains(why), "{said} does not say {why}"),
        other => panic!("{other:?}"),
    }
}

/// An API with two other databases and ours, and whom to trust.
async fn api_as(configured: impl FnOnce(RestApiBuilder) -> RestApiBuilder) -> (Authority, RestApi) {
    let authority = Authority::new();
    let api = configured(RestApi::builder(&authority.server(HERE))).start().await.unwrap();
    for uid in [1, 2] {
        api.put(RestDatabase::new(uid).address("10.0.0.1").port(12000));
    }
    api.put(ours(3));
    (authority, api)
}

async fn api() -> (Authority, RestApi) {
    api_as(|builder| builder).await
}

#[tokio::test]
async fn b25_a_database_is_found_once_and_then_asked_after_by_its_uid() {
    let (authority, api) = api().await;
    let settings = settings(&authority).lag_aware_tolerance(Duration::from_millis(100));
    let check = check(&settings, &api);
    for _ in 0..3 {
        assert_eq!(probe(&check).await, Health::Healthy);
    }
    let availability = "/v1/bdbs/3/availability?extend_check=lag&availability_lag_tolerance_ms=100";
    let asked = ["/v1/bdbs?fields=uid,endpoints", availability, availability, availability];
    assert_eq!(api.take_requests(), asked);
}

#[tokio::test]
async fn b25_a_database_is_found_by_its_address_too() {
    let (authority, api) = api().await;
    api.put(RestDatabase::new(9).address("2001:db8::9"));
    let check = LagAwareCheck::new(
        &settings(&authority),
        &api.url(),
        [Address::tcp("elsewhere.example", 1), Address::tcp("2001:DB8:0:0::9", 12000)],
    );
    assert_eq!(probe(&check.unwrap()).await, Health::Healthy);
    assert!(api.take_requests()[1].starts_with("/v1/bdbs/9/availability?"));
}

#[tokio::test]
async fn b27_lag_beyond_the_tolerance_is_unhealthy_or_with_fallback_only_not_preferred() {
    let (authority, api) = api().await;
    let strict = check(&settings(&authority), &api);
    let lenient = check(&settings(&authority).fallback_only(true), &api);
    for (database, code) in
        [(ours(3).lag_ms(5001), "bdb_lagging"), (ours(3).unavailable(), "bdb_unavailable")]
    {
        api.put(database);
        let said = format!("its rest api says {code}");
        assert_eq!(probe(&strict).await, Health::Unhealthy(Evidence::Lagging(said.as_str().into())));
        assert_eq!(probe(&lenient).await, Health::NotPreferred(said.into()));
    }
    api.put(ours(3).lag_ms(5000));
    assert_eq!(probe(&strict).await, Health::Healthy);
    assert_eq!(probe(&lenient).await, Health::Healthy);
}

#[tokio::test]
async fn b25_a_database_that_was_made_anew_is_found_again_in_the_same_probe() {
    let (authority, api) = api().await;
    let check = check(&settings(&authority), &api);
    assert_eq!(probe(&check).await, Health::Healthy);
    api.remove(3);
    api.put(ours(4));
    assert_eq!(probe(&check).await, Health::Healthy);
    assert!(api.take_requests().last().unwrap().starts_with("/v1/bdbs/4/"));
}

#[tokio::test]
async fn b25_the_uid_is_dropped_after_any_error() {
    let (authority, api) = api().await;
    let check = check(&settings(&authority), &api);
    for status in [401, 404, 500] {
        assert_eq!(probe(&check).await, Health::Healthy);
        api.answer("/availability", Answer::Status(status));
        assert!(matches!(probe(&check).await, Health::Unknown(_)), "{status}");
        api.tell_the_truth();
        let _ = api.take_requests();
        assert_eq!(probe(&check).await, Health::Healthy);
        assert!(api.take_requests()[0].starts_with("/v1/bdbs?"), "{status}");
    }
}

#[tokio::test]
async fn b27_what_cannot_be_found_out_is_unknown() {
    let (authority, api) = api().await;
    let check = check(&settings(&authority), &api);
    for (path, status) in [("/v1/bdbs", 401), ("/availability", 403)] {
        api.answer(path, Answer::Status(status));
        is_unknown(&probe(&check).await, "check auth_basic");
        api.tell_the_truth();
    }
    for status in [404, 500, 503] {
        api.answer("/v1/bdbs", Answer::Status(status));
        is_unknown(&probe(&check).await, &format!("status {status}"));
    }
    let moved = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    api.answer("/v1/bdbs", Answer::Raw(moved.to_vec()));
    is_unknown(&probe(&check).await, "where it redirects");
    api.answer("/v1/bdbs", Answer::Body(b"[{\"uid\":1,\"endpoints\":[]}]".to_vec()));
    is_unknown(&probe(&check).await, "no database of the cluster has this endpoint");
    api.tell_the_truth();
    api.put(ours(4));
    is_unknown(&probe(&check).await, "several databases of the cluster have this endpoint");
}

#[tokio::test]
async fn b27_bodies_that_lie_or_do_not_end_are_unknown() {
    let (authority, api) = api().await;
    let check = check(&settings(&authority), &api);
    for body in [&b""[..], b"{}", b"<html>", b"[{\"uid\":3", b"\xff\xfe", &[b'['; 100_000]] {
        api.answer("/v1/bdbs", Answer::Body(body.to_vec()));
        is_unknown(&probe(&check).await, "is this the api?");
    }
    for path in ["/v1/bdbs", "/availability"] {
        api.tell_the_truth();
        api.answer(path, Answer::Endless);
        is_unknown(&probe(&check).await, "too large");
    }
    api.tell_the_truth();
    api.answer("/v1/bdbs", Answer::Raw(b"+PONG\r\n".to_vec()));
    is_unknown(&probe(&check).await, "cannot be reached");
    api.answer("/v1/bdbs", Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[".to_vec()));
    is_unknown(&probe(&check).await, "cannot be reached");
}

#[tokio::test]
async fn b27_an_api_that_says_nothing_is_unknown_before_the_probe_is_given_up() {
    let (authority, api) = api().await;
    api.answer("/v1/bdbs", Answer::Nothing);
    let check = check(&settings(&authority), &api);
    let limit = Duration::from_millis(300);
    let began = Instant::now();
    let health = check.clone().call(Probe { cause: ProbeCause::Scheduled, timeout: limit }).await.unwrap();
    is_unknown(&health, "no answer within 270ms");
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn b27_an_api_that_is_not_there_is_unknown_and_found_when_it_is_back() {
    let (authority, api) = api().await;
    let nowhere = check_at(&settings(&authority), "https://127.0.0.1:1/");
    is_unknown(&probe(&nowhere).await, "https://127.0.0.1:1: cannot be reached");
    let check = check(&settings(&authority), &api);
    assert_eq!(probe(&check).await, Health::Healthy);
    drop(api);
    assert!(matches!(probe(&check).await, Health::Unknown(_)));
}

#[tokio::test]
async fn b26_user_and_password_are_sent_and_never_shown() {
    let (authority, api) = api_as(|builder| builder.auth_basic("admin", "open-sesame")).await;
    let settings = settings(&authority);
    is_unknown(&probe(&check(&settings, &api)).await, "check auth_basic");
    let wrong = check(&settings.clone().auth_basic("admin", "barley"), &api);
    let health = probe(&wrong).await;
    is_unknown(&health, "status 401");
    let right = check(&settings.auth_basic("admin", "open-sesame"), &api);
    assert_eq!(probe(&right).await, Health::Healthy);
    let shown =
        format!("{health:?} {wrong:?} {right:?} {:?}", LagAware::new().auth_basic("admin", "open-sesame"));
    assert!(!shown.contains("barley") && !shown.contains("open-sesame"), "{shown}");
}

#[tokio::test]
async fn b26_the_api_is_verified_and_says_what_is_wrong() {
    let (authority, api) = api().await;
    let stranger = settings(&Authority::new());
    is_unknown(&probe(&check(&stranger, &api)).await, "give that authority's certificate by ca_file");
    let anybody = stranger.tls(Tls::new().verify_tls(false));
    assert_eq!(probe(&check(&anybody, &api)).await, Health::Healthy);

    for (identity, why) in [
        (authority.expired_server(HERE), "has expired; renew it"),
        (authority.server(["api.example"]), "made for another name"),
    ] {
        let api = RestApi::builder(&identity).start().await.unwrap();
        is_unknown(&probe(&check(&settings(&authority), &api)).await, why);
    }
}

#[tokio::test]
async fn b26_a_client_certificate_is_shown_with_a_key_that_has_a_password() {
    let authority = Authority::new();
    let builder = RestApi::builder(&authority.server(HERE)).require_clients_of(&authority);
    let api = builder.start().await.unwrap();
    api.put(ours(3));
    is_unknown(&probe(&check(&settings(&authority), &api)).await, "client_cert_file and client_key_file");
    let client = authority.client("monitor");
    let tls = Tls::new()
        .ca_data(authority.pem())
        .client_cert_data(client.certificate_pem())
        .client_key_data(client.encrypted_key_pem("open-sesame"))
        .client_key_password("open-sesame");
    let shown = settings(&authority).tls(tls);
    assert_eq!(probe(&check(&shown, &api)).await, Health::Healthy);
}

#[tokio::test]
async fn b25_an_api_behind_a_reverse_proxy_and_one_on_ipv6_are_reached() {
    let (authority, proxied) = api_as(|builder| builder.prefix("/redis/eu")).await;
    assert!(proxied.url().ends_with("/redis/eu"));
    for url in [proxied.url(), format!("{}/", proxied.url())] {
        assert_eq!(probe(&check_at(&settings(&authority), &url)).await, Health::Healthy);
    }
    assert!(proxied.take_requests()[0].starts_with("/redis/eu/v1/bdbs?"));

    let builder = RestApi::builder(&authority.server(HERE)).address(Ipv6Addr::LOCALHOST);
    let Ok(v6) = builder.start().await else {
        println!("SKIPPED: this machine has no IPv6");
        return;
    };
    v6.put(ours(3));
    assert!(v6.url().starts_with("https://[::1]:"));
    assert_eq!(probe(&check(&settings(&authority), &v6)).await, Health::Healthy);
}

#[tokio::test]
async fn b25_the_port_is_rest_api_port_where_the_url_names_none() {
    let (authority, api) = api().await;
    let settings = settings(&authority).rest_api_port(api.addr().port());
    assert_eq!(probe(&check_at(&settings, "https://127.0.0.1")).await, Health::Healthy);
}

#[test]
fn b56_settings_that_cannot_be_used_are_named() {
    let refused = |settings: LagAware, option: &str| {
        let address = Address::tcp(HOST, 12000);
        let error: LagAwareError = settings.check("https://api.example", [address]).unwrap_err();
        assert_eq!(error.option, option, "{error}");
    };
    refused(LagAware::new().timeout(Duration::ZERO), "timeout");
    refused(LagAware::new().health_check_interval(Duration::ZERO), "health_check_interval");
    refused(LagAware::new().lag_aware_tolerance(Duration::MAX), "lag_aware_tolerance");
    refused(LagAware::new().rest_api_port(0), "rest_api_port");
    refused(LagAware::new().auth_basic("a:b", ""), "auth_basic");
    refused(LagAware::new().tls(Tls::new().server_name("api.example")), "server_name");
    refused(LagAware::new().tls(Tls::new().ca_file("/nowhere/ca.pem")), "ca_file");
    let url = LagAware::new().check("http://api.example", [Address::tcp(HOST, 1)]).unwrap_err();
    assert_eq!(url.option, "health_check_url");
    let socket = LagAware::new().check("https://api.example", [Address::Unix("/run/redis.sock".into())]);
    assert_eq!(socket.unwrap_err().option, "lag_aware");
}

#[tokio::test]
async fn b27_the_check_has_its_own_interval_and_one_probe() {
    let check = LagAware::new().check("https://api.example", [Address::tcp(HOST, 1)]).unwrap();
    assert_eq!(&**check.name(), "lag-aware");
    let shown = format!("{check:?}");
    assert!(shown.contains("interval: 30s") && shown.contains("probes: 1"), "{shown}");
    assert!(shown.contains("tells_life: false"), "{shown}");
}
