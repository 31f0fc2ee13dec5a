use std::time::Duration;

use tower_failover::health::{HealthyAny, HealthyMajority};
use tower_failover::{Backoff, CircuitSettings, HealthSettings, Suspicion, Thresholds};

use super::Options;
use crate::command::Command;
use crate::connection::Standby;
use crate::cursor::CursorTag;
use crate::health::HealthCheck;
use crate::{DatabaseConfig, MultiDbConfig};

fn all() -> MultiDbConfig {
    MultiDbConfig::new([])
}

fn one() -> DatabaseConfig {
    DatabaseConfig::from_url("redis://eu").unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What holds for the database.
fn resolved(one: DatabaseConfig, all: MultiDbConfig) -> Options {
    one.options(&all.options)
}

fn health(options: &Options) -> (Duration, f64, u32, Duration, Duration, String, Backoff) {
    let HealthSettings { interval, interval_jitter, probes, delay, probe_timeout, policy, backoff } =
        options.health();
    (interval, interval_jitter, probes, delay, probe_timeout, format!("{policy:?}"), backoff)
}

#[test]
fn b56_without_a_word_the_defaults_hold() {
    let options = resolved(one(), all());
    assert_eq!(health(&options), health(&Options::default()));
    let usual = HealthSettings::default();
    assert_eq!((options.health().interval, options.health().probes), (usual.interval, usual.probes));
    assert_eq!(options.thresholds().unwrap(), Thresholds::default());
    assert_eq!(options.circuit(), CircuitSettings::default());
    assert_eq!(options.suspicion(), Suspicion::default());
    assert_eq!(options.response_timeout(), Duration::from_millis(500));
    assert_eq!(options.connect_timeout(), seconds(5));
    assert_eq!(options.link(CursorTag::of("eu")).standby, Standby::Warm);
}

#[test]
fn b19_a_databases_health_checks_are_its_own_then_those_of_all() {
    let backoff = Backoff::new(seconds(1), seconds(2));
    let of_all = all()
        .health_check_interval(seconds(1))
        .health_check_jitter(0.5)
        .health_check_probes(7)
        .health_check_delay(seconds(2))
        .health_check_probe_timeout(seconds(3))
        .health_check_policy(HealthyAny)
        .redial_backoff(backoff);
    let expected = (seconds(1), 0.5, 7, seconds(2), seconds(3), "HealthyAny".to_owned(), backoff);
    assert_eq!(health(&resolved(one(), of_all.clone())), expected);

    let of_one = one()
        .health_check_interval(seconds(11))
        .health_check_jitter(0.25)
        .health_check_probes(9)
        .health_check_delay(seconds(12))
        .health_check_probe_timeout(seconds(13))
        .health_check_policy(HealthyMajority);
    let expected = (seconds(11), 0.25, 9, seconds(12), seconds(13), "HealthyMajority".to_owned(), backoff);
    assert_eq!(health(&resolved(of_one, of_all)), expected);
}

#[test]
fn b9_a_databases_circuit_is_its_own_then_that_of_all() {
    let of_all = all().grace_period(seconds(1)).down_after(seconds(2)).half_open_timeout(seconds(3));
    let of_all = of_all.trial_calls(4).flap_window(seconds(5)).max_grace_factor(6);
    let expected = CircuitSettings::default()
        .grace_period(seconds(1))
        .down_after(seconds(2))
        .half_open_timeout(seconds(3))
        .trial_calls(4)
        .flap_window(seconds(5))
        .max_grace_factor(6);
    assert_eq!(resolved(one(), of_all.clone()).circuit(), expected);
    let of_one = one().down_after(seconds(10)).trial_calls(1);
    assert_eq!(resolved(of_one, of_all).circuit(), expected.down_after(seconds(10)).trial_calls(1));
}

#[test]
fn b13_a_databases_thresholds_are_its_own_then_those_of_all() {
    let of_all = all().min_num_failures(1).failure_rate_threshold(0.2).failures_detection_window(seconds(3));
    assert_eq!(
        resolved(one(), of_all.clone()).thresholds().unwrap(),
        Thresholds::new(1, 0.2, seconds(3)).unwrap()
    );
    let of_one = one().failure_rate_threshold(0.9);
    assert_eq!(resolved(of_one, of_all).thresholds().unwrap(), Thresholds::new(1, 0.9, seconds(3)).unwrap());
}

#[test]
fn b36_a_databases_connection_is_set_up_by_its_own_options_then_those_of_all() {
    let of_all = all()
        .connect_timeout(seconds(1))
        .response_timeout(seconds(2))
        .redial_spread(seconds(3))
        .dedicated_connections(7)
        .standby(Standby::Cold)
        .client_name("checkout")
        .suspicion(Suspicion::off());
    let options = resolved(one(), of_all.clone());
    let link = options.link(CursorTag::of("eu"));
    assert_eq!((options.connect_timeout(), options.response_timeout()), (seconds(1), seconds(2)));
    assert_eq!((link.redial_spread, link.standby), (seconds(3), Standby::Cold));
    assert_eq!(options.dedicated(CursorTag::of("eu")).maximum, 7);
    assert_eq!(options.client_name().map(|name| &**name), Some("checkout"));
    assert!(options.suspicion().is_off());

    let of_one = one().standby(Standby::Warm).client_name("cart").suspicion(Suspicion::fast());
    let options = resolved(of_one, of_all);
    assert_eq!(options.link(CursorTag::of("eu")).standby, Standby::Warm);
    assert_eq!(options.client_name().map(|name| &**name), Some("cart"));
    assert_eq!(options.suspicion(), Suspicion::fast());
}

#[test]
fn b41_the_first_verdict_is_waited_for_as_long_as_the_longest_round_takes() {
    let patience = |config: MultiDbConfig| config.failover().wait_for_first_verdict;
    assert_eq!(patience(MultiDbConfig::new([one()])), seconds(4));
    assert_eq!(patience(MultiDbConfig::new([one().health_checks([])])), Duration::ZERO);
    let slow = HealthSettings { probe_timeout: seconds(30), probes: 1, ..HealthSettings::default() };
    let slow = one().add_health_check(HealthCheck::role().settings(slow));
    assert_eq!(patience(MultiDbConfig::new([one().name("us"), slow])), seconds(30));
}

#[test]
fn b58_all_at_once_is_within_one_interval_of_the_health_checks() {
    assert_eq!(all().failover().all_at_once_window, seconds(5));
    assert_eq!(all().health_check_interval(seconds(9)).failover().all_at_once_window, seconds(9));
}

#[test]
fn b55_a_database_has_the_number_of_its_url_and_a_service_has_none() {
    async fn answers(_: Command<'_>) -> redis::RedisResult<redis::Value> {
        Ok(redis::Value::Nil)
    }
    assert_eq!(DatabaseConfig::from_url("redis://eu/7").unwrap().number(), 7);
    assert_eq!(DatabaseConfig::from_service("own", tower::service_fn(answers)).number(), 0);
}

#[cfg(feature = "cluster")]
#[test]
fn b59_a_cluster_has_twice_the_time_to_serve_again_and_all_else_as_it_was_said() {
    let cluster = || DatabaseConfig::cluster(["redis://eu"]).unwrap();
    let times = |database| {
        let options = resolved(database, all());
        (options.unserviceable_after(), options.response_timeout())
    };
    assert_eq!(times(cluster().response_timeout(seconds(7))), (seconds(20), seconds(7)));
    assert_eq!(times(cluster().unserviceable_after(seconds(3))).0, seconds(3));
    assert_eq!(times(one()).0, seconds(10));
}
