use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use failover_testkit::{
    embedded::{Condition, Data, EmbeddedRedis},
    proxy::FaultProxy,
};
use redis::IntoConnectionInfo;
use tokio::time::{Instant, sleep, timeout};
use tower_failover::{
    Availability, Backoff, Chance, Check, Events, Health, HealthPlan, Probe, Verdict, availability::Evidence,
    health::ProbeCause,
};
use tower_service::Service;

use super::{PingCheck, RoleCheck};
use crate::{
    command::Command,
    connection::{Address, BoxedStream, Connection, Credentials, Endpoint, Link, LinkSettings, TcpConnect},
    cursor::CursorTag,
};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(60);

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(url.into_connection_info().unwrap(), Arc::new(TcpConnect::default()), LONG)
}

fn ping(server: &EmbeddedRedis) -> PingCheck {
    PingCheck::new(endpoint(&server.url()))
}

/// One probe, dropped after `limit` as the health checks do; then there is no answer.
async fn probe(
    check: &mut impl Service<Probe, Response = Health, Error = Infallible>,
    limit: Duration,
) -> Option<Health> {
    let asked = check.call(Probe { cause: ProbeCause::Scheduled, timeout: limit });
    timeout(limit, asked).await.ok().map(Result::unwrap)
}

#[tokio::test]
async fn b18_a_ping_passes_and_its_connection_is_kept() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = ping(&server);
    for _ in 0..3 {
        assert_eq!(probe(&mut check.clone(), LONG).await, Some(Health::Healthy));
        assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
    }
    assert_eq!(server.control().connections_accepted(), 1);
    // One more belongs to the dial.
    assert_eq!(server.control().commands("ping"), 7);
}

#[tokio::test]
async fn b18_only_pong_passes() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = ping(&server);
    server.control().answer(Condition::Loading);
    match probe(&mut check, LONG).await {
        Some(Health::Unhealthy(Evidence::Answered(said))) => assert!(said.contains("LOADING"), "{said}"),
        other => panic!("{other:?}"),
    }
    server.control().answer(Condition::Normal);
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
}

#[tokio::test]
async fn b18_a_probe_that_was_given_up_leaves_no_connection_behind() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = ping(&server);
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    server.control().freeze();
    assert_eq!(probe(&mut check, SHORT).await, None);
    server.control().thaw();
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
    // The server notices the end of the kept one, and of the one dialled when that said nothing, once it is thawed.
    let closed = async {
        while server.control().connections_open() > 1 {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, closed).await.expect("only the last probe's connection is left");
}

#[tokio::test]
async fn b17_a_lost_connection_is_dialled_anew_within_the_probe() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = ping(&server);
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    server.control().restart(Data::Kept).unwrap();
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
    assert_eq!(server.control().connections_accepted(), 2);
}

#[tokio::test]
async fn b17_a_kept_connection_that_a_router_forgot_is_no_failure() {
    const LIMIT: Duration = Duration::from_secs(4);
    let server = EmbeddedRedis::start().await.unwrap();
    let proxy = FaultProxy::start(server.addr()).await.unwrap();
    let mut check = PingCheck::new(endpoint(&proxy.url()));
    assert_eq!(probe(&mut check, LIMIT).await, Some(Health::Healthy));

    proxy.control().forget_connections();
    assert_eq!(probe(&mut check, LIMIT).await, Some(Health::Healthy));
    assert_eq!(proxy.control().connections_accepted(), 2);
    assert_eq!(probe(&mut check, LIMIT).await, Some(Health::Healthy));
    assert_eq!(proxy.control().connections_accepted(), 2, "the new one is kept");
}

#[tokio::test]
async fn b17_a_slow_answer_on_the_kept_connection_counts() {
    let server = EmbeddedRedis::start().await.unwrap();
    let proxy = FaultProxy::start(server.addr()).await.unwrap();
    let mut check = PingCheck::new(endpoint(&proxy.url()));
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    // A new connection's handshake would take two such round trips.
    proxy.control().latency(Duration::from_secs(1), Duration::ZERO);
    assert_eq!(probe(&mut check, Duration::from_secs(3)).await, Some(Health::Healthy));
}

#[tokio::test]
async fn b17_a_failed_dial_counts() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = ping(&server);
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    server.control().kill();
    match probe(&mut check, LONG).await {
        Some(Health::Unhealthy(Evidence::Unreachable(said))) => {
            assert!(said.contains(&server.addr().to_string()), "{said}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b18_a_dial_that_takes_too_long_has_timed_out() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    server.control().freeze();
    let info = server.url().into_connection_info().unwrap();
    let mut check = PingCheck::new(Endpoint::new(info, Arc::new(TcpConnect::default()), SHORT));
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Unhealthy(Evidence::TimedOut)));
}

#[tokio::test]
async fn b14_refused_credentials_are_told_apart_and_stay_secret() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    for url in [format!("redis://:hunter2@{}", server.addr()), format!("redis://{}", server.addr())] {
        let endpoint = endpoint(&url);
        assert!(!format!("{endpoint:?}").contains("hunter2"));
        assert!(endpoint.dial(None).await.is_err());
        match probe(&mut PingCheck::new(endpoint), LONG).await {
            Some(Health::Unhealthy(Evidence::Misconfigured(said))) => {
                assert!(!said.contains("hunter2"), "{said}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// An endpoint whose password may be changed, and which calls are connected to.
async fn connected(server: &EmbeddedRedis) -> (Endpoint, Arc<Mutex<&'static str>>, Link) {
    connected_at(server.addr()).await
}

async fn connected_at(address: SocketAddr) -> (Endpoint, Arc<Mutex<&'static str>>, Link) {
    let password = Arc::new(Mutex::new("right"));
    let now = Arc::clone(&password);
    let provider = move || {
        let password = Credentials::password(*now.lock().unwrap());
        async { Ok(password) }
    };
    let endpoint = endpoint(&format!("redis://{address}")).credentials(Arc::new(provider));
    let settings = LinkSettings::new(CursorTag::of("london"));
    let availability = Availability::new("london", Events::default());
    let (_calls, link) = Connection::open(endpoint.clone(), settings, availability, Chance::seeded(1));
    timeout(LONG, async {
        while endpoint.established().is_none() {
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .unwrap();
    (endpoint, password, link)
}

#[tokio::test]
async fn b14_a_refused_dial_evicts_nothing_while_the_calls_connection_answers() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let (endpoint, password, _link) = connected(&server).await;
    *password.lock().unwrap() = "rotated";
    let mut check = PingCheck::new(endpoint);
    for _ in 0..3 {
        let health = probe(&mut check, LONG).await;
        assert!(matches!(health, Some(Health::Misconfigured(_))), "{health:?}");
    }
    // What the server says on it counts as ever.
    server.control().answer(Condition::Loading);
    let health = probe(&mut check, LONG).await;
    assert!(matches!(health, Some(Health::Unhealthy(Evidence::Answered(_)))), "{health:?}");
    server.control().freeze();
    assert_eq!(probe(&mut check, SHORT).await, None, "silence is not hidden");
}

#[tokio::test]
async fn b14_where_calls_have_no_connection_a_kept_one_vouches_for_nobody() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let (endpoint, password, link) = connected(&server).await;
    let mut check = PingCheck::new(endpoint.clone());
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    *password.lock().unwrap() = "rotated";
    endpoint.dial(None).await.unwrap_err();
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy), "calls still have theirs");
    link.close();
    timeout(LONG, async {
        while endpoint.established().is_some() {
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .unwrap();
    let health = probe(&mut check, LONG).await;
    assert!(matches!(health, Some(Health::Unhealthy(Evidence::Misconfigured(_)))), "{health:?}");
}

#[tokio::test]
async fn b36_a_check_that_is_given_no_connection_asks_on_that_of_calls_and_dials_at_the_pace_of_refusals() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let (endpoint, _, _link) = connected(&server).await;
    server.control().answer(Condition::MaxClients);
    let dials = server.control().connections_accepted();
    let (mut check, since) = (PingCheck::new(endpoint), Instant::now());
    for _ in 0..50 {
        assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
    }
    // One at once, and one in each second.
    let allowed = 1 + since.elapsed().as_secs();
    let made = server.control().connections_accepted() - dials;
    assert!((1..=allowed).contains(&made), "{made} dials");

    server.control().answer(Condition::Normal);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));
    assert_eq!(server.control().connections_open(), 2, "it has its own as soon as there is room");
}

#[tokio::test]
async fn b36_a_silent_connection_of_calls_condemns_nobody_where_there_is_room_again() {
    const LIMIT: Duration = Duration::from_secs(2);
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let proxy = FaultProxy::start(server.addr()).await.unwrap();
    let (endpoint, _, _link) = connected_at(proxy.addr()).await;
    let mut check = PingCheck::new(endpoint);
    server.control().answer(Condition::MaxClients);
    assert_eq!(probe(&mut check, LIMIT).await, Some(Health::Healthy));

    server.control().answer(Condition::Normal);
    proxy.control().forget_connections();
    assert_eq!(probe(&mut check, LIMIT).await, Some(Health::Healthy));
}

#[tokio::test]
async fn b36_where_there_is_room_for_one_connection_calls_have_it() {
    let server = EmbeddedRedis::start().await.unwrap();
    let endpoint = endpoint(&server.url());
    let check = PingCheck::new(endpoint.clone());
    assert_eq!(probe(&mut check.clone(), LONG).await, Some(Health::Healthy));
    server.control().answer(Condition::MaxClients);

    let availability = Availability::new("london", Events::default());
    let _watch = HealthPlan::new([Check::new("ping", check)]).watch(&availability).unwrap();
    let settings = LinkSettings::new(CursorTag::of("london"));
    let (mut calls, _link) = Connection::open(endpoint, settings, availability, Chance::seeded(1));
    let set = redis::cmd("SET").arg("key").arg(1).take();
    let answered = async {
        while calls.call(Command::from(&set)).await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, answered).await.expect("the check has given its connection up");
    assert_eq!(server.control().connections_open(), 1);
}

#[tokio::test(start_paused = true)]
async fn b36_a_connection_that_is_given_up_is_that_of_calls_before_the_next_dial_is_due() {
    let control = EmbeddedRedis::builder().detached();
    let server = control.clone();
    let connect = move |_: Address| {
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = server.clone();
        tokio::spawn(async move { server.serve(far).await });
        async { Ok(Box::new(near) as BoxedStream) }
    };
    let endpoint = Endpoint::new("redis://london".into_connection_info().unwrap(), Arc::new(connect), LONG);
    let check = PingCheck::new(endpoint.clone());
    assert_eq!(probe(&mut check.clone(), LONG).await, Some(Health::Healthy));
    control.answer(Condition::MaxClients);

    let availability = Availability::new("london", Events::default());
    let _watch = HealthPlan::new([Check::new("ping", check)]).watch(&availability).unwrap();
    let mut settings = LinkSettings::new(CursorTag::of("london"));
    settings.backoff = Backoff::new(LONG, LONG);
    let rest = settings.backoff.delay(0, &Chance::seeded(1));
    assert!(rest > Duration::from_secs(3), "longer than a round of the check: {rest:?}");
    let begun = Instant::now();
    let (mut calls, _link) = Connection::open(endpoint, settings, availability.clone(), Chance::seeded(1));
    let set = redis::cmd("SET").arg("key").arg(1).take();
    let answered = async {
        while calls.call(Command::from(&set)).await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(rest, answered).await.expect("the connection of the check, at once");
    while begun.elapsed() < 2 * rest {
        let view = availability.view();
        assert_ne!(view.verdict, Verdict::Unhealthy, "the check asks there: {:?}", view.evidence);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(control.connections_open(), 1);
}

#[tokio::test]
async fn b18_only_a_master_passes_the_role_check() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut check = RoleCheck::new(endpoint(&server.url()));
    assert_eq!(probe(&mut check, LONG).await, Some(Health::Healthy));

    server.control().answer(Condition::ReadOnly);
    let slave = Health::Unhealthy(Evidence::Answered("role:slave".into()));
    assert_eq!(probe(&mut check, LONG).await, Some(slave));
}
