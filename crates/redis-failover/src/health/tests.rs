use std::{convert::Infallible, sync::Arc, time::Duration};

use failover_testkit::embedded::{Condition, Data, EmbeddedRedis};
use redis::IntoConnectionInfo;
use tokio::time::timeout;
use tower_failover::{Health, Probe, availability::Evidence, health::ProbeCause};
use tower_service::Service;

use super::{PingCheck, RoleCheck};
use crate::connection::{Endpoint, TcpConnect};

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
    assert_eq!(server.control().commands("ping"), 6);
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
    assert_eq!(server.control().connections_accepted(), 2);
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
async fn b18_wrong_credentials_are_an_answer_and_stay_secret() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let endpoint = endpoint(&format!("redis://:hunter2@{}", server.addr()));
    assert!(!format!("{endpoint:?}").contains("hunter2"));
    match probe(&mut PingCheck::new(endpoint), LONG).await {
        Some(Health::Unhealthy(Evidence::Answered(said))) => assert!(!said.contains("hunter2"), "{said}"),
        other => panic!("{other:?}"),
    }
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
