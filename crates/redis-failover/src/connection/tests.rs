use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use failover_testkit::embedded::{Data, EmbeddedRedis};
use futures_util::future::BoxFuture;
use redis::{IntoConnectionInfo, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use tower_failover::{
    Availability, Chance, Check, Events, Finding, Health, HealthPlan, HealthSettings, Probe, Signal, Verdict,
    availability::Evidence, health::HealthWatch,
};
use tower_service::Service;

use super::{
    Address, BoxedStream, Connection, ConnectionError, Endpoint, Link, LinkSettings, Standby, TcpConnect,
};
use crate::{command::Command, cursor::CursorTag};

const LONG: Duration = Duration::from_secs(10);

trait Database: for<'a> Service<Command<'a>, Response = Value, Error = ConnectionError> + Clone {}

impl<S: for<'a> Service<Command<'a>, Response = Value, Error = ConnectionError> + Clone> Database for S {}

fn settings() -> LinkSettings {
    LinkSettings::new(CursorTag::of("london"))
}

fn open(
    server: &EmbeddedRedis,
    settings: LinkSettings,
    availability: &Availability,
) -> (impl Database + use<>, Link) {
    let info = server.url().into_connection_info().unwrap();
    let endpoint = Endpoint::new(info, Arc::new(TcpConnect::default()), LONG);
    Connection::open(endpoint, settings, availability.clone(), Chance::seeded(1))
}

fn unchecked() -> Availability {
    Availability::new("london", Events::default())
}

/// A check that always gives this answer, or none.
#[derive(Clone)]
struct Answers(Option<Health>);

impl Service<Probe> for Answers {
    type Response = Health;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Probe) -> Self::Future {
        match self.0.clone() {
            Some(health) => Box::pin(std::future::ready(Ok(health))),
            None => Box::pin(std::future::pending()),
        }
    }
}

fn watch(availability: &Availability, answer: Option<Health>) -> HealthWatch {
    let settings = HealthSettings { probes: 1, ..HealthSettings::default() };
    let plan = HealthPlan::new([Check::new("check", Answers(answer))]).settings(settings);
    plan.watch(availability).unwrap()
}

async fn call(database: &mut impl Database, words: &[&str]) -> Result<Value, ConnectionError> {
    let mut command = redis::Cmd::new();
    command.arg(words);
    timeout(LONG, database.call(Command::from(&command))).await.expect("an answer in time")
}

async fn until(condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, wait).await.expect("the condition in time");
}

#[tokio::test]
async fn calls_share_one_connection() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut database, _link) = open(&server, settings(), &unchecked());
    let mut clone = database.clone();

    assert_eq!(call(&mut database, &["SET", "key", "1"]).await.unwrap(), Value::Okay);
    assert_eq!(call(&mut clone, &["GET", "key"]).await.unwrap(), Value::BulkString(b"1".to_vec()));
    assert_eq!(call(&mut database, &["GET", "key"]).await.unwrap(), Value::BulkString(b"1".to_vec()));
    assert_eq!(server.control().connections_accepted(), 1);
}

#[tokio::test]
async fn b36_a_warm_standby_is_connected_before_it_is_needed() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (_database, _link) = open(&server, settings(), &unchecked());
    until(async || server.control().connections_open() == 1).await;
}

#[tokio::test]
async fn b36_a_cold_standby_is_connected_by_the_first_call() {
    let server = EmbeddedRedis::start().await.unwrap();
    let settings = LinkSettings { standby: Standby::Cold, ..settings() };
    let (mut database, _link) = open(&server, settings, &unchecked());
    sleep(Duration::from_millis(30)).await;
    assert_eq!(server.control().connections_accepted(), 0);

    call(&mut database, &["GET", "key"]).await.unwrap();
    assert_eq!(server.control().connections_accepted(), 1);
}

#[tokio::test]
async fn b36_a_waiting_call_has_a_lost_connection_dialled_at_once() {
    let server = EmbeddedRedis::start().await.unwrap();
    let settings = LinkSettings { redial_spread: Duration::from_secs(3600), ..settings() };
    let (mut database, _link) = open(&server, settings, &unchecked());
    call(&mut database, &["SET", "key", "1"]).await.unwrap();

    // The reply may be lost with the connection.
    let _ = call(&mut database, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]).await;
    until(async || server.control().connections_open() == 0).await;
    // The link hears of it at about the same time; a call before that fails as one in flight does.
    until(async || call(&mut database.clone(), &["GET", "key"]).await.is_ok()).await;
    assert_eq!(server.control().connections_accepted(), 2);
}

#[tokio::test]
async fn b36_a_lost_connection_that_nobody_waits_for_is_dialled_within_the_spread() {
    let server = EmbeddedRedis::start().await.unwrap();
    let settings = LinkSettings { redial_spread: Duration::from_millis(50), ..settings() };
    let (mut database, _link) = open(&server, settings, &unchecked());
    call(&mut database, &["GET", "key"]).await.unwrap();
    server.control().restart(Data::Kept).unwrap();
    until(async || server.control().connections_accepted() == 2).await;
}

#[tokio::test]
async fn b36_a_lost_connection_that_nobody_waits_for_is_not_dialled_at_once() {
    let server = EmbeddedRedis::start().await.unwrap();
    let settings = LinkSettings { redial_spread: Duration::from_secs(3600), ..settings() };
    let (mut database, _link) = open(&server, settings, &unchecked());
    call(&mut database, &["GET", "key"]).await.unwrap();
    server.control().restart(Data::Kept).unwrap();
    until(async || server.control().connections_open() == 0).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.control().connections_accepted(), 1);
}

#[tokio::test]
async fn a_call_that_no_connection_can_be_made_for_was_not_sent() {
    let server = EmbeddedRedis::start().await.unwrap();
    server.control().kill();
    let (mut database, _link) = open(&server, settings(), &unchecked());
    let error = call(&mut database, &["INCR", "key"]).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotConnected(_)), "{error:?}");
    assert!(error.to_string().contains(&server.addr().to_string()), "{error}");

    server.control().restart(Data::Kept).unwrap();
    until(async || call(&mut database.clone(), &["GET", "key"]).await.is_ok()).await;
    assert_eq!(server.control().commands("incr"), 0);
}

#[tokio::test]
async fn b17_a_lost_connection_is_a_suspicion() {
    let server = EmbeddedRedis::start().await.unwrap();
    let availability = unchecked();
    // Nothing clears the suspicion.
    let _watch = watch(&availability, None);
    let (mut database, _link) = open(&server, settings(), &availability);
    call(&mut database, &["GET", "key"]).await.unwrap();
    assert!(!availability.is_suspected());

    server.control().kill();
    until(async || availability.is_suspected()).await;
}

#[tokio::test]
async fn b35_a_lost_connection_ends_its_calls_at_once() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut database, _link) = open(&server, settings(), &unchecked());
    call(&mut database, &["GET", "key"]).await.unwrap();

    let mut clone = database.clone();
    let mut waiting = std::pin::pin!(call(&mut clone, &["BLPOP", "list", "0"]));
    assert!(timeout(Duration::from_millis(20), &mut waiting).await.is_err());
    server.control().kill();
    assert!(matches!(waiting.await, Err(ConnectionError::Redis(_))));
}

#[tokio::test]
async fn b36_an_unhealthy_database_is_dialled_when_its_checks_have_passed() {
    let server = EmbeddedRedis::start().await.unwrap();
    let availability = unchecked();
    let _watch = watch(&availability, Some(Health::Healthy));
    until(async || availability.view().verdict == Verdict::Healthy).await;
    availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));

    let (mut database, _link) = open(&server, settings(), &availability);
    // Until the link has had a look, the call waits; then it is refused.
    let error = call(&mut database, &["GET", "key"]).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotConnected(_)), "{error:?}");
    assert_eq!(server.control().connections_accepted(), 0);

    availability.signal(Signal::Verdict(Finding::healthy()));
    until(async || call(&mut database.clone(), &["GET", "key"]).await.is_ok()).await;
}

#[tokio::test]
async fn b42_a_closed_link_ends_calls_in_flight_and_refuses_others() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut database, link) = open(&server, settings(), &unchecked());
    call(&mut database, &["GET", "key"]).await.unwrap();

    let mut clone = database.clone();
    let mut waiting = std::pin::pin!(call(&mut clone, &["BLPOP", "list", "0"]));
    assert!(timeout(Duration::from_millis(20), &mut waiting).await.is_err());
    link.close();
    assert!(matches!(waiting.await, Err(ConnectionError::Redis(_))));
    until(async || server.control().connections_open() == 0).await;
    assert!(matches!(call(&mut database, &["GET", "key"]).await, Err(ConnectionError::Closed)));
}

#[tokio::test]
async fn b60_a_scan_of_another_database_is_not_sent() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut database, _link) = open(&server, settings(), &unchecked());
    let foreign = (1_u64 << 62 | 17).to_string();
    let error = call(&mut database, &["SCAN", &foreign]).await.unwrap_err();
    assert!(matches!(error, ConnectionError::ScanInterrupted), "{error:?}");
    assert_eq!(server.control().commands("scan"), 0);
}

/// A connector whose dials never end.
fn black_hole(connect_timeout: Duration) -> Endpoint {
    let connect = |_: Address| std::future::pending::<std::io::Result<BoxedStream>>();
    Endpoint::new("redis://london".into_connection_info().unwrap(), Arc::new(connect), connect_timeout)
}

#[tokio::test(start_paused = true)]
async fn b36_a_dial_ends_with_its_deadline() {
    for (limit, expected) in [(None, 5), (Some(1), 1), (Some(60), 5)] {
        let began = Instant::now();
        let error =
            black_hole(Duration::from_secs(5)).dial(limit.map(Duration::from_secs)).await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), expected);
        assert!(error.is_timeout());
        assert!(error.to_string().contains("london:6379"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn b36_a_dial_is_given_up_when_the_checks_have_failed() {
    let availability = unchecked();
    let _watch = watch(&availability, Some(Health::Healthy));
    until(async || availability.view().verdict == Verdict::Healthy).await;
    let endpoint = black_hole(Duration::from_secs(3600));
    let (database, _link) = Connection::open(endpoint, settings(), availability.clone(), Chance::seeded(1));
    let calling = tokio::spawn(async move { call(&mut database.clone(), &["GET", "key"]).await });
    sleep(Duration::from_millis(10)).await;
    assert!(!calling.is_finished());

    availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    let error = calling.await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::NotConnected(_)), "{error:?}");
}

#[tokio::test]
async fn b36_a_suspected_database_is_not_dialled() {
    let server = EmbeddedRedis::start().await.unwrap();
    let availability = unchecked();
    // Nothing clears the suspicion.
    let _watch = watch(&availability, None);
    let (mut database, _link) = open(&server, settings(), &availability);
    call(&mut database, &["GET", "key"]).await.unwrap();

    server.control().restart(Data::Kept).unwrap();
    until(async || availability.is_suspected()).await;
    let get = redis::cmd("GET").arg("key").take();
    let waiting = timeout(Duration::from_millis(50), database.call(Command::from(&get)));
    assert!(!matches!(waiting.await, Ok(Ok(_))));
    assert_eq!(server.control().connections_accepted(), 1);
}

#[tokio::test]
async fn b55_a_stream_is_dialled_with_the_handshake_of_a_command() {
    let server = EmbeddedRedis::builder().user("reader", "right").start().await.unwrap();
    let endpoint = |user: &str| {
        let info = format!("redis://{user}@{}/3", server.addr()).into_connection_info().unwrap();
        Endpoint::new(info, Arc::new(TcpConnect::default()), LONG)
    };
    let mut stream = endpoint("reader:right").dial_stream().await.unwrap();
    stream.write_all(b"CLIENT INFO\r\n").await.unwrap();
    let mut said = vec![0; 4096];
    let length = timeout(LONG, stream.read(&mut said)).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&said[..length]);
    assert!(said.contains("user=reader ") && said.contains(" db=3 "), "{said}");

    assert!(endpoint("reader:wrong").dial_stream().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn b36_a_dial_for_a_stream_ends_with_its_deadline() {
    let began = Instant::now();
    let error = black_hole(Duration::from_secs(5)).dial_stream().await.err().unwrap();
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(error.is_timeout() && error.to_string().contains("london:6379"), "{error}");
}
