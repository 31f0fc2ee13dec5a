use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::Value;
use redis_failover::{Command, DatabaseConfig, MultiDbConfig, Suspicion};
use tokio::time::{sleep, timeout};
use tower_failover::{Outcome, failure_detector::Observation};

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
