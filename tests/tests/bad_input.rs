//! Bad input: configurations that cannot be used, and servers that are none.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use redis_failover::{ConfigError, DatabaseConfig, MultiDbClient, MultiDbConfig};

const SECRET: &str = "open-sesame";

/// A configuration that can be used.
fn good() -> MultiDbConfig {
    tests::config("redis://localhost:1001", "redis://localhost:1002")
}

fn database(url: &str) -> DatabaseConfig {
    DatabaseConfig::from_url(url).unwrap()
}

fn refused(config: MultiDbConfig) -> ConfigError {
    MultiDbClient::new(config).expect_err("it was accepted")
}

/// Each is refused, and the error names the option that is to blame.
#[track_caller]
fn refused_for(config: MultiDbConfig, option: &str) {
    let error = refused(config);
    assert!(matches!(error, ConfigError::Option { .. } | ConfigError::DatabaseOption { .. }), "{error:?}");
    assert!(error.to_string().contains(option), "{error} does not name {option}");
}

#[test]
fn b56_a_client_needs_a_database() {
    assert_eq!(refused(MultiDbConfig::new([])), ConfigError::NoDatabases);
}

#[test]
fn b56_two_databases_have_two_names_and_two_addresses() {
    let (first, second) = ("redis://localhost:1001", "redis://localhost:1002");
    let same_name = MultiDbConfig::new([database(first).name("eu"), database(second).name("eu")]);
    assert_eq!(refused(same_name), ConfigError::DuplicateName { database: "eu".into() });

    let same_address = MultiDbConfig::new([database(first).name("eu"), database(first).name("us")]);
    assert_eq!(refused(same_address), ConfigError::DuplicateAddress { database: "us".into() });

    // Another number on the same server is another database.
    let other_number = MultiDbConfig::new([database(first), database("redis://localhost:1001/1")]);
    assert!(MultiDbClient::new(other_number).is_ok());
}

#[test]
fn b2_a_weight_is_finite_and_more_than_zero() {
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error =
            refused(MultiDbConfig::new([database("redis://localhost:1001").name("eu").weight(weight)]));
        assert!(matches!(&error, ConfigError::Weight { database, .. } if database == "eu"), "{error:?}");
        assert!(error.to_string().contains("eu"), "{error}");
    }
}

#[test]
fn b56_windows_and_intervals_are_more_than_zero() {
    let zero = Duration::ZERO;
    refused_for(good().health_check_interval(zero), "health_check_interval");
    refused_for(good().health_check_probe_timeout(zero), "health_check_probe_timeout");
    refused_for(good().health_check_probes(0), "health_check_probes");
    refused_for(good().failures_detection_window(zero), "failures_detection_window");
    refused_for(good().response_timeout(zero), "response_timeout");
    refused_for(good().connect_timeout(zero), "connect_timeout");
    refused_for(good().auto_fallback_interval(Some(zero)), "auto_fallback_interval");
    refused_for(good().wait_for_database(Some(zero)), "wait_for_database");
    refused_for(good().failover_attempts(0), "failover_attempts");

    let of_one = database("redis://localhost:1001").name("eu").response_timeout(zero);
    refused_for(MultiDbConfig::new([of_one]), "response_timeout of database eu");
}

#[test]
fn b56_durations_that_overflow_every_clock_are_refused() {
    for config in [
        good().health_check_interval(Duration::MAX),
        good().failures_detection_window(Duration::MAX),
        good().response_timeout(Duration::MAX),
        good().connect_timeout(Duration::MAX),
        good().auto_fallback_interval(Some(Duration::MAX)),
        good().grace_period(Duration::MAX),
        good().redial_spread(Duration::MAX),
        good().health_check_delay(Duration::MAX),
        good().wait_for_database(Some(Duration::MAX)),
    ] {
        let shown = format!("{config:?}");
        let error = MultiDbClient::new(config).err();
        assert!(matches!(error, Some(ConfigError::Option { .. })), "{error:?}: {shown}");
    }
}

#[test]
fn b13_one_of_the_two_thresholds_must_be_set() {
    refused_for(good().min_num_failures(0).failure_rate_threshold(0.0), "failure_rate_threshold");
    refused_for(good().failure_rate_threshold(f64::NAN), "failure_rate_threshold");
    refused_for(good().failure_rate_threshold(10.0), "failure_rate_threshold");
    assert!(MultiDbClient::new(good().min_num_failures(0)).is_ok());
    assert!(MultiDbClient::new(good().failure_rate_threshold(0.0)).is_ok());
}

#[test]
fn b56_a_url_that_cannot_be_read_is_refused_without_being_shown() {
    for rest in ["", "host:port:port", "localhost:99999", "localhost:6379/none", "[::1", "%zz"] {
        for scheme in ["redis", "http", "amqp", "", "redis+unknown"] {
            let url = format!("{scheme}://user:{SECRET}@{rest}");
            let Err(error) = DatabaseConfig::from_url(&url) else { continue };
            assert!(matches!(error, ConfigError::Url { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error} {error:?}");
        }
    }
    for url in ["", "localhost", "localhost:6379", "http://localhost", "redis://localhost:99999", "redis://"]
    {
        let error = DatabaseConfig::from_url(url).expect_err(url);
        assert!(matches!(error, ConfigError::Url { .. }), "{error:?}");
    }
}

#[test]
fn b56_a_url_without_a_scheme_does_not_show_its_password() {
    let error = DatabaseConfig::from_url(&format!(":{SECRET}@localhost:6379")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error} {error:?}");
    let error = DatabaseConfig::from_url(&format!("{SECRET}@localhost://")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error} {error:?}");
}

#[test]
fn b56_no_debug_shows_a_password() {
    let url = format!("redis://user:{SECRET}@localhost:1001");
    let config = MultiDbConfig::new([database(&url)]);
    let shown = format!("{:?} {config:#?} {:?}", database(&url), MultiDbClient::new(config.clone()).unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("localhost:1001"), "{shown}");

    let duplicate = refused(MultiDbConfig::new([database(&url), database(&url)]));
    let weight = refused(MultiDbConfig::new([database(&url).weight(0.0)]));
    for error in [duplicate, weight] {
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
}
