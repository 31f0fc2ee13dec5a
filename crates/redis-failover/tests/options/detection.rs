use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::Value;
use redis_failover::{Backoff, Command, DatabaseConfig, MultiDbConfig, Suspicion, classify::failures};
use tokio::time::{sleep, timeout};
use tower_failover::{
    Kinds, Outcome, Thresholds,
    availability::CircuitState,
    failure_detector::{Detector, FailureRate, Observation},
};

use crate::fake::{Fake, connected, pair, who};

#[tokio::test(start_paused = true)]
async fn b13_a_database_may_have_thresholds_of_its_own() {
    for own in [true, false] {
        let (eu, us) = pair();
        let config_of_eu = eu.config(1.0);
        let config_of_eu = if own { config_of_eu.min_num_failures(3) } else { config_of_eu };
        let all = MultiDbConfig::new([config_of_eu, us.config(0.5)]).health_checks([]);
        let mut client = connected(all).await;
        assert_eq!(who(&mut client).await.unwrap(), "eu");

        // The third failure of four attempts trips it, where three do.
        eu.set_up(false);
        assert_eq!(who(&mut client).await.ok().as_deref(), own.then_some("us"));
    }
}

#[tokio::test(start_paused = true)]
async fn b16_a_detector_of_ones_own_trips_the_database_whose_calls_it_sees() {
    for of_one in [true, false] {
        let (eu, us) = pair();
        let made = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&made);
        let make = move || {
            count.fetch_add(1, Ordering::Relaxed);
            |call: &Observation| call.outcome == Outcome::Failure
        };
        let config = match of_one {
            true => MultiDbConfig::new([eu.config(1.0).add_failure_detector(make), us.config(0.5)]),
            false => MultiDbConfig::new([eu.config(1.0), us.config(0.5)]).add_failure_detector(make),
        };
        let mut client = connected(config.health_checks([])).await;
        assert_eq!(made.load(Ordering::Relaxed), if of_one { 1 } else { 2 });
        assert_eq!(who(&mut client).await.unwrap(), "eu");
        eu.set_up(false);
        assert_eq!(who(&mut client).await.unwrap(), "us");
        assert_eq!(eu.commands(), 2, "the first failure trips it");
    }
}

const KINDS: [Kinds; 4] =
    [failures::UNREACHABLE, failures::CONNECTION_LOST, failures::TIMED_OUT, failures::UNSERVICEABLE];

/// A database whose calls all fail like this.
fn failing(kind: Kinds) -> DatabaseConfig {
    let answer = move || match kind {
        failures::UNREACHABLE => Err(io::ErrorKind::ConnectionRefused.into()),
        failures::CONNECTION_LOST => Err(io::ErrorKind::ConnectionReset.into()),
        failures::TIMED_OUT => Err(io::Error::from(io::ErrorKind::TimedOut)),
        _ => Ok(redis::parse_redis_value(b"-LOADING its data\r\n").unwrap()),
    };
    let service = tower::service_fn(move |_: Command<'_>| std::future::ready(answer()));
    DatabaseConfig::from_service("eu", service).health_checks([])
}

/// Whether one failing call of this kind has tripped the database.
async fn trips(kind: Kinds, configure: impl FnOnce(DatabaseConfig) -> DatabaseConfig) -> bool {
    let config = MultiDbConfig::new([configure(failing(kind))]);
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
    let mut client = connected(config.command_retry(0, backoff)).await;
    // What becomes of the call itself is not the question.
    let _ = who(&mut client).await;
    client.circuit("eu").unwrap().state() == CircuitState::Open
}

#[tokio::test(start_paused = true)]
async fn b16_a_detector_that_is_limited_to_kinds_of_failures_sees_no_others() {
    for kind in KINDS {
        for limit in KINDS {
            let fails = |call: &Observation| call.outcome == Outcome::Failure;
            let limited = trips(kind, |eu| eu.add_failure_detector(move || fails.only(limit))).await;
            assert_eq!(limited, kind == limit, "{kind:?} where {limit:?} counts");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b16_a_second_rate_of_failures_counts_for_itself() {
    let thresholds = |failures| Thresholds::new(failures, 0.0, Duration::from_secs(1)).unwrap();
    for (failures, expected) in [(1, true), (2, false)] {
        let make = move || FailureRate::new(thresholds(failures)).only(failures::TIMED_OUT);
        assert_eq!(trips(failures::TIMED_OUT, |eu| eu.add_failure_detector(make)).await, expected);
        assert!(!trips(failures::UNREACHABLE, |eu| eu.add_failure_detector(make)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn b14_the_usual_detector_can_be_limited_to_kinds_of_failures() {
    for kind in KINDS {
        assert!(trips(kind, |eu| eu.min_num_failures(1)).await, "{kind:?}");
        for limit in KINDS {
            let limited = trips(kind, |eu| eu.min_num_failures(1).failure_kinds(limit)).await;
            assert_eq!(limited, kind == limit, "{kind:?} where {limit:?} counts");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b17_a_database_may_be_suspected_by_its_own_rule() {
    for suspicion in [Suspicion::default(), Suspicion::off()] {
        let (eu, us) = pair();
        let config = MultiDbConfig::new([eu.config(1.0).suspicion(suspicion), us.config(0.5)]);
        let mut client = connected(config).await;
        assert_eq!(who(&mut client).await.unwrap(), "eu");
        // A round of health checks has just begun or ended; the next probe is some time away.
        sleep(Duration::from_millis(1600)).await;
        eu.set_up(false);
        let moved_at_once = who(&mut client).await.is_ok_and(|name| name == "us");
        assert_eq!(moved_at_once, !suspicion.is_off());
    }
}

#[tokio::test(start_paused = true)]
async fn b14_a_call_that_is_given_up_counts_if_it_had_waited_for_suspect_after() {
    async fn hangs(_: Command<'_>) -> io::Result<Value> {
        std::future::pending().await
    }
    for after in [Duration::from_millis(100), Duration::from_secs(1)] {
        let eu = DatabaseConfig::from_service("eu", tower::service_fn(hangs))
            .min_num_failures(1)
            .response_timeout(Duration::from_secs(10))
            .suspicion(Suspicion { after, ..Suspicion::default() });
        let us = Fake::new("us");
        let mut client = connected(MultiDbConfig::new([eu, us.config(0.5)]).health_checks([])).await;
        let given_up_after = Duration::from_millis(500);
        timeout(given_up_after, who(&mut client)).await.unwrap_err();
        let answered = timeout(given_up_after, who(&mut client)).await;
        assert_eq!(answered.is_ok(), after < given_up_after, "{answered:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn b9_a_database_may_have_a_grace_period_of_its_own() {
    for own in [true, false] {
        let (eu, us) = pair();
        let config_of_eu = eu.config(1.0);
        let config_of_eu = match own {
            true => config_of_eu.grace_period(Duration::from_secs(1)),
            false => config_of_eu,
        };
        let config = MultiDbConfig::new([config_of_eu, us.config(0.5)])
            .auto_fallback_interval(Some(Duration::from_secs(10)))
            .fallback_jitter(0.0);
        let mut client = connected(config).await;
        eu.set_up(false);
        assert_eq!(who(&mut client).await.unwrap(), "us");
        eu.set_up(true);
        sleep(Duration::from_secs(25)).await;
        assert_eq!(who(&mut client).await.unwrap(), if own { "eu" } else { "us" });
    }
}
