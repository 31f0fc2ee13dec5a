//! What is recorded of a client's databases, on a paused clock and without any Redis.

mod stage;

use std::time::Duration;

use tower_failover::availability::{Evidence, OpenReason};
use tower_failover::{Finding, Signal};

use super::names;
use stage::{Stage, settled};

/// What speaks for a failover: who, whereto, `reason` and `reason_detail`.
fn failover<'a>(
    from: &'a str,
    to: &'a str,
    reason: &'a str,
    detail: &'a str,
) -> [(&'static str, &'a str); 4] {
    [(names::FAIL_FROM, from), (names::FAIL_TO, to), (names::REASON, reason), (names::REASON_DETAIL, detail)]
}

#[tokio::test(start_paused = true)]
async fn b52_a_failover_is_counted_with_who_and_why() {
    let stage = Stage::new().await;
    assert_eq!(stage.sum(names::FAILOVERS), 0, "the first choice is none");
    let (eu, us) = (stage.circuit("eu"), stage.circuit("us"));
    let epoch = || eu.availability().gate().epoch;
    let suspected = || Finding { on_suspicion: true, ..Finding::unhealthy(Evidence::TimedOut) };
    let signals = [
        ("HealthCheck", Signal::Verdict(Finding::unhealthy(Evidence::TimedOut))),
        ("Suspicion", Signal::Verdict(suspected())),
        ("CircuitBreaker", Signal::Trip { epoch: epoch(), reason: OpenReason::FailureDetector }),
        ("Unserviceable", Signal::Trip { epoch: epoch(), reason: OpenReason::Unserviceable }),
        ("Drill", Signal::Force { until: None, drill: true }),
        ("Manual", Signal::Force { until: None, drill: false }),
    ];
    for (detail, signal) in signals {
        let signal = match signal {
            Signal::Trip { reason, .. } => Signal::Trip { epoch: epoch(), reason },
            signal => signal,
        };
        eu.availability().signal(signal);
        settled().await;
        let reason = if matches!(detail, "Drill" | "Manual") { "manual" } else { "automatic" };
        assert_eq!(stage.counter(names::FAILOVERS, &failover("eu", "us", reason, detail)), 1, "{detail}");

        stage.all_is_well();
        us.availability().signal(Signal::Trip {
            epoch: us.availability().gate().epoch,
            reason: OpenReason::FailureDetector,
        });
        settled().await;
        stage.all_is_well();
    }
    assert_eq!(stage.counter(names::FAILOVERS, &failover("us", "eu", "automatic", "CircuitBreaker")), 6);
}

#[tokio::test(start_paused = true)]
async fn b52_choices_by_hand_and_fallbacks_are_counted_as_such() {
    let stage = Stage::new().await;
    stage.handle.set_active("us", None).await.unwrap();
    settled().await;
    assert_eq!(stage.counter(names::FAILOVERS, &failover("eu", "us", "manual", "Manual")), 1);
    stage.handle.release_choice().await.unwrap();
    // The fallback comes by itself, every 120 s.
    tokio::time::sleep(Duration::from_secs(150)).await;
    assert_eq!(stage.counter(names::FAILOVERS, &failover("us", "eu", "automatic", "Fallback")), 1);

    stage.handle.drain("eu", None).await.unwrap();
    settled().await;
    assert_eq!(stage.counter(names::FAILOVERS, &failover("eu", "us", "manual", "Drained")), 1);
    stage.handle.undrain("eu").await.unwrap();
    stage.handle.set_weight("eu", stage::weighing(2.0)).await.unwrap();
    settled().await;
    assert_eq!(stage.counter(names::FAILOVERS, &failover("us", "eu", "manual", "Weight")), 1);
    stage.handle.remove("eu").await.unwrap();
    settled().await;
    assert_eq!(stage.counter(names::FAILOVERS, &failover("eu", "us", "manual", "Removed")), 1);
    let durations = stage.histogram(names::FAILOVER_DURATION, &[]);
    assert!(durations.is_empty(), "of a choice there is nothing to measure");
}

#[tokio::test(start_paused = true)]
async fn b52_a_failover_through_an_outage_is_counted_once_with_why_the_former_was_left() {
    let stage = Stage::new().await;
    let (eu, us) = (stage.circuit("eu"), stage.circuit("us"));
    let fails = || Signal::Verdict(Finding::unhealthy(Evidence::TimedOut));
    us.availability().signal(fails());
    settled().await;
    let suspected = Finding { on_suspicion: true, ..Finding::unhealthy(Evidence::TimedOut) };
    eu.availability().signal(Signal::Verdict(suspected));
    settled().await;
    assert_eq!((stage.sum(names::OUTAGES), stage.sum(names::FAILOVERS)), (1, 0));
    assert_eq!(stage.gauge(names::ACTIVE, "eu") + stage.gauge(names::ACTIVE, "us"), 0.0);

    tokio::time::sleep(Duration::from_secs(3)).await;
    us.availability().signal(Signal::Close);
    us.availability().signal(Signal::Verdict(Finding::healthy()));
    // Both had gone at once, so that the heavier one is waited for (B58).
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.sum(names::FAILOVERS), 1);
    let labels = failover("eu", "us", "automatic", "Suspicion");
    assert_eq!(stage.counter(names::FAILOVERS, &labels), 1);
    let took = stage.histogram(names::FAILOVER_DURATION, &labels);
    assert!(matches!(took[..], [took] if (3.0..5.0).contains(&took)), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn b52_a_database_that_comes_back_from_an_outage_is_no_failover() {
    let stage = Stage::new().await;
    for name in ["us", "eu"] {
        let fails = Signal::Verdict(Finding::unhealthy(Evidence::TimedOut));
        stage.circuit(name).availability().signal(fails);
    }
    settled().await;
    stage.circuit("eu").availability().signal(Signal::Close);
    stage.circuit("eu").availability().signal(Signal::Verdict(Finding::healthy()));
    settled().await;
    assert_eq!((stage.sum(names::OUTAGES), stage.sum(names::FAILOVERS)), (1, 0));
    assert_eq!(stage.gauge(names::ACTIVE, "eu"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn b52_gauges_show_each_database_as_it_is() {
    let stage = Stage::new().await;
    let look = |name| {
        let gauges = [names::ACTIVE, names::PREFERRED, names::AVAILABLE, names::CIRCUIT, names::VERDICT];
        gauges.map(|gauge| stage.gauge(gauge, name))
    };
    assert_eq!((look("eu"), look("us")), ([1.0, 1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0, 1.0]));
    assert_eq!((stage.gauge(names::WEIGHT, "eu"), stage.gauge(names::WEIGHT, "us")), (1.0, 0.5));

    stage.circuit("eu").availability().signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    settled().await;
    assert_eq!((look("eu"), look("us")), ([0.0, 1.0, 0.0, 2.0, 3.0], [1.0, 0.0, 1.0, 0.0, 1.0]));

    stage.handle.set_active("us", None).await.unwrap();
    settled().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(look("us")[..2], [1.0, 1.0], "what is chosen by hand is preferred");

    let connection = stage.circuit("us").availability().connections().opened();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.gauge(names::CONNECTIONS, "us"), 1.0);
    drop(connection);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.gauge(names::CONNECTIONS, "us"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn b52_the_time_on_a_database_that_is_not_preferred_adds_up() {
    let stage = Stage::new().await;
    let seconds = |name| stage.counter(names::NON_PREFERRED, &[(names::DATABASE, name)]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!((seconds("eu"), seconds("us")), (0, 0));

    stage.circuit("eu").availability().signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    tokio::time::sleep(Duration::from_secs(30)).await;
    stage.all_is_well();
    stage.handle.force_active("eu", None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!((seconds("eu"), seconds("us")), (0, 30));

    stage.handle.release_choice().await.unwrap();
    stage.handle.drain("eu", None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(seconds("us"), 30, "a drain is a wish");
}

#[tokio::test(start_paused = true)]
async fn b52_what_becomes_of_calls_is_counted_for_each_database() {
    let stage = Stage::new().await;
    let counts = |name| {
        [names::RETRIES, names::AMBIGUOUS_FAILURES, names::ENDED_CALLS, names::FAILED_CALLS]
            .map(|metric| stage.counter(metric, &[(names::DATABASE, name)]))
    };
    stage.ask("INCR").await.unwrap_err();
    stage.ask("GET").await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((counts("eu"), counts("us")), ([3, 1, 0, 5], [0, 0, 0, 0]));

    // The budget of repeats on the same database is 10 a second, 20 at once.
    for _ in 0..10 {
        stage.ask("GET").await.unwrap_err();
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(stage.sum(names::REFUSED_RETRIES) > 0);
    stage.ask("INCR").await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(counts("eu")[1], 2, "what was counted is not counted again");
    assert_eq!(counts(names::NO_DATABASE)[..3], [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn b52_outages_and_refused_repeats_are_counted_although_their_events_are_missed() {
    let stage = Stage::deaf().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (eu, us) = (stage.circuit("eu"), stage.circuit("us"));
    let outage_of_a_moment = async || {
        for circuit in [&us, &eu] {
            circuit.availability().signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
        }
        settled().await;
        assert!(stage.handle.snapshot().outage.is_some());
        stage.all_is_well();
        settled().await;
        assert_eq!(stage.handle.snapshot().active.as_deref(), Some("eu"));
    };
    // Nobody looks while it lasts.
    outage_of_a_moment().await;
    outage_of_a_moment().await;
    assert_eq!(stage.sum(names::OUTAGES), 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.sum(names::OUTAGES), 2);

    // More than the budget has, which is 20 at once.
    for _ in 0..10 {
        stage.ask("GET").await.unwrap_err();
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = stage.sum(names::REFUSED_RETRIES);
    assert!(refused > 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.sum(names::REFUSED_RETRIES), refused, "what was counted is not counted again");
}

#[tokio::test(start_paused = true)]
async fn b52_databases_get_their_metrics_when_they_join_and_lose_them_when_they_leave() {
    let mut stage = Stage::new().await;
    stage.joins("ap", 4.0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!([stage.gauge(names::ACTIVE, "ap"), stage.gauge(names::WEIGHT, "ap")], [1.0, 4.0]);

    stage.handle.remove("ap").await.unwrap();
    settled().await;
    let gauges = [names::ACTIVE, names::PREFERRED, names::AVAILABLE, names::VERDICT, names::WEIGHT];
    assert_eq!(gauges.map(|gauge| stage.gauge(gauge, "ap")), [0.0; 5]);
    assert_eq!(stage.gauge(names::ACTIVE, "eu"), 1.0);

    stage.joins("ap", 3.0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!([stage.gauge(names::ACTIVE, "ap"), stage.gauge(names::WEIGHT, "ap")], [1.0, 3.0], "anew");
}

#[tokio::test(start_paused = true)]
async fn b52_of_a_client_that_has_ended_no_gauge_says_that_it_serves() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.gauge(names::ACTIVE, "eu"), 1.0);
    stage.end().await;
    for gauge in [names::ACTIVE, names::PREFERRED, names::AVAILABLE, names::WEIGHT] {
        assert_eq!((stage.gauge(gauge, "eu"), stage.gauge(gauge, "us")), (0.0, 0.0), "{gauge}");
    }
}

#[tokio::test(start_paused = true)]
async fn b52_each_metric_is_described_and_carries_the_labels_of_its_client() {
    let stage = Stage::new().await;
    let series = stage.recorded.series();
    assert!(!series.is_empty());
    for key in series {
        let (name, mut labels) = (key.name(), key.labels());
        let metric = names::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name}"));
        let described = stage.recorded.description(name);
        assert_eq!(described, Some((Some(metric.unit), metric.text.to_owned())), "{name}");
        assert!(labels.any(|label| (label.key(), label.value()) == ("service", "orders")), "{name}");
    }
}
