//! Bad input: configurations that cannot be used, and servers that are none.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use redis::{RedisError, Value};
use redis_failover::{
    Backoff, Command, ConfigError, DatabaseConfig, HealthCheck, HealthSettings, MultiDbClient, MultiDbConfig,
    Standby, Suspicion,
    connection::{Credentials, TcpConnect},
};

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

    let same_places = [
        ("redis://localhost:6379", "redis://localhost/0"),
        ("redis://localhost:1001", "redis://user:password@LOCALHOST.:1001"),
        ("redis://[::1]:1001", "redis://[0:0::1]:1001"),
        ("redis+unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
    ];
    for (first, second) in same_places {
        let twice = MultiDbConfig::new([database(first).name("eu"), database(second).name("us")]);
        assert_eq!(refused(twice), ConfigError::DuplicateAddress { database: "us".into() }, "{second}");
    }

    // Another number on the same server is another database.
    let other_number = MultiDbConfig::new([database(first), database("redis://localhost:1001/1")]);
    assert!(MultiDbClient::new(other_number).is_ok());
}

#[test]
fn b60_more_databases_than_cursors_can_tell_apart_are_refused() {
    let urls = |count| (1..=count).map(|number| format!("redis://database-{number}"));
    refused_for(MultiDbConfig::from_urls(urls(128)).unwrap(), "databases");
    assert!(MultiDbClient::from_urls(urls(127)).is_ok());
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
    refused_for(good().failover_delay(zero), "failover_delay");
    refused_for(good().half_open_timeout(zero), "half_open_timeout");
    refused_for(good().trial_calls(0), "trial_calls");
    refused_for(good().dedicated_connections(0), "dedicated_connections");
    refused_for(good().max_grace_factor(0), "max_grace_factor");
    refused_for(good().redial_backoff(Backoff::new(zero, zero)), "redial_backoff");
    refused_for(good().suspicion(Suspicion { timeout: zero, ..Suspicion::default() }), "suspicion");
    refused_for(good().suspicion(Suspicion { after: zero, ..Suspicion::default() }), "suspicion");
    assert!(MultiDbClient::new(good().suspicion(Suspicion::off())).is_ok());
}

#[test]
fn b56_an_option_of_one_database_is_refused_with_its_name() {
    let zero = Duration::ZERO;
    let check = HealthCheck::ping();
    let timeless = HealthSettings { probe_timeout: zero, ..HealthSettings::default() };
    let eu = || database("redis://localhost:1001").name("eu");
    for (config, option) in [
        (eu().response_timeout(zero), "response_timeout"),
        (eu().connect_timeout(zero), "connect_timeout"),
        (eu().health_check_interval(zero), "health_check_interval"),
        (eu().health_check_probe_timeout(zero), "health_check_probe_timeout"),
        (eu().health_check_probes(0), "health_check_probes"),
        (eu().health_check_jitter(f64::NAN), "health_check_jitter"),
        (eu().failures_detection_window(zero), "failures_detection_window"),
        (eu().min_num_failures(0).failure_rate_threshold(0.0), "failure_rate_threshold"),
        (eu().failure_rate_threshold(f64::INFINITY), "failure_rate_threshold"),
        (eu().half_open_timeout(zero), "half_open_timeout"),
        (eu().trial_calls(0), "trial_calls"),
        (eu().dedicated_connections(0), "dedicated_connections"),
        (eu().down_after(Duration::MAX), "down_after"),
        (eu().flap_window(Duration::MAX), "flap_window"),
        (eu().grace_period(Duration::MAX), "grace_period"),
        (eu().redial_spread(Duration::MAX), "redial_spread"),
        (eu().client_name("two words"), "client_name"),
        (eu().client_name(""), "client_name"),
        (eu().health_checks([check.clone(), check.clone()]), "health_checks"),
        (eu().add_health_check(check.clone()), "health_checks"),
        (eu().health_checks([check.clone().settings(timeless)]), "health_checks"),
    ] {
        let error = refused(MultiDbConfig::new([database("redis://localhost:1002"), config]));
        assert!(
            matches!(&error, ConfigError::DatabaseOption { database, option: blamed, .. }
                if database == "eu" && *blamed == option),
            "{error:?} instead of {option}"
        );
        assert!(error.to_string().contains(&format!("option {option} of database eu")), "{error}");
    }
}

#[test]
fn b13_what_is_said_for_all_and_for_one_is_judged_together() {
    let eu = database("redis://localhost:1001").name("eu").failure_rate_threshold(0.0);
    let error = refused(MultiDbConfig::new([eu]).min_num_failures(0));
    assert!(matches!(&error, ConfigError::DatabaseOption { database, .. } if database == "eu"), "{error:?}");
}

#[test]
fn b56_shares_are_fractions() {
    for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        refused_for(good().fallback_jitter(share), "fallback_jitter");
        refused_for(good().health_check_jitter(share), "health_check_jitter");
        refused_for(good().retry_budget(share, 10), "retry_budget");
    }
}

#[test]
fn b55_how_to_dial_cannot_be_said_for_a_service_of_ones_own() {
    async fn answers(_: Command<'_>) -> Result<Value, RedisError> {
        Ok(Value::Nil)
    }
    let own = || DatabaseConfig::from_service("proxy", tower::service_fn(answers));
    assert!(MultiDbClient::new(MultiDbConfig::new([own()])).is_ok());
    // What is said for all is for those that it concerns.
    let all = MultiDbConfig::new([own(), database("redis://localhost:1001")]).standby(Standby::Cold);
    assert!(MultiDbClient::new(all.client_name("checkout")).is_ok());

    for (config, option) in [
        (own().standby(Standby::Cold), "standby"),
        (own().connect_timeout(Duration::from_secs(1)), "connect_timeout"),
        (own().redial_spread(Duration::from_secs(1)), "redial_spread"),
        (own().client_name("checkout"), "client_name"),
        (own().connector(TcpConnect::default()), "connector"),
        (own().credentials(|| async { Ok(Credentials::password("changes")) }), "credentials"),
        (own().name(""), "name"),
    ] {
        refused_for(MultiDbConfig::new([config]), option);
    }
    let same_name = MultiDbConfig::new([own(), own()]);
    assert_eq!(refused(same_name), ConfigError::DuplicateName { database: "proxy".into() });
}

#[test]
fn b56_a_list_of_urls_is_in_the_order_of_preference() {
    let shown =
        format!("{:?}", MultiDbConfig::from_urls(["redis://eu", "redis://us", "redis://ap"]).unwrap());
    for weight in ["weight: 1.0", "weight: 0.5", "weight: 0.25"] {
        assert!(shown.contains(weight), "{shown}");
    }
    let none: [&str; 0] = [];
    assert_eq!(MultiDbClient::from_urls(none).unwrap_err(), ConfigError::NoDatabases);
    assert!(matches!(
        MultiDbClient::from_urls(["redis://eu", "redis://eu:6379/0"]),
        Err(ConfigError::DuplicateAddress { .. })
    ));

    let unreadable = format!("amqp://:{SECRET}@us");
    let error = MultiDbClient::from_urls(["redis://eu", &*unreadable]).unwrap_err();
    assert!(matches!(error, ConfigError::Url { .. }), "{error:?}");
    assert!(error.to_string().contains("number 2"), "{error}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
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
        good().failover_delay(Duration::MAX),
        good().down_after(Duration::MAX),
        good().half_open_timeout(Duration::MAX),
        good().flap_window(Duration::MAX),
        good().redial_backoff(Backoff::new(Duration::from_secs(1), Duration::MAX)),
        good().command_retry(3, Backoff::new(Duration::from_secs(1), Duration::MAX)),
        good().suspicion(Suspicion { timeout: Duration::MAX, ..Suspicion::default() }),
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
