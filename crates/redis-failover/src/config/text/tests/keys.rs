//! Each key says what its builder's method says.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tower_failover::health::{HealthyAny, HealthyMajority};
use tower_failover::{Backoff, HealthSettings, Suspicion};

use super::super::client::{Client, Database};
use super::super::keyed::Keyed;
use super::{DATABASES, at_the_top, of_us, shown};
use crate::classify::failures;
use crate::config::Options;
use crate::connection::Standby;
use crate::health::HealthCheck;
use crate::{DatabaseConfig, InitialHealthCheckPolicy, MultiDbConfig, RetrySafety};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// For each option of all databases or of one: what is no default.
fn other_value(option: &str) -> &'static str {
    match option {
        "health_check_jitter" | "failure_rate_threshold" => "0.07",
        "health_check_probes"
        | "min_num_failures"
        | "trial_calls"
        | "max_grace_factor"
        | "dedicated_connections" => "7",
        "failure_kinds" => "['timed-out', 'unreachable']",
        "suspicion" => "'fast'",
        "redial_backoff" => "{ base = '7ms' }",
        "standby" => "'cold'",
        "health_check_policy" => "'any'",
        "client_name" => "'checkout'",
        // All others are durations; a new one that is none fails here, and gets its line.
        _ => "'7s'",
    }
}

#[test]
fn b56_every_option_can_be_said_for_all_databases_and_for_one() {
    let usual = shown(&at_the_top("").unwrap());
    let of_one = |shown: &str, name: &str| {
        shown.lines().find(|line| line.contains(&format!(" {name} "))).unwrap().to_owned()
    };
    for option in Options::keys() {
        let said = format!("{} = {}", option.name, other_value(option.name));
        let of_all = shown(&at_the_top(&said).unwrap());
        assert_ne!(of_one(&of_all, "eu"), of_one(&usual, "eu"), "{said}");
        assert_ne!(of_one(&of_all, "us"), of_one(&usual, "us"), "{said}");
        let of_us = shown(&of_us(&said).unwrap());
        assert_eq!(of_one(&of_us, "eu"), of_one(&usual, "eu"), "{said}");
        assert_eq!(of_one(&of_us, "us"), of_one(&of_all, "us"), "{said}");
    }
}

#[test]
fn b56_what_is_said_for_all_databases_is_what_the_builder_says() {
    let read = at_the_top(
        "health_check_interval = '1s'
         health_check_jitter = 0.5
         health_check_probes = 7
         health_check_delay = '2s'
         health_check_probe_timeout = '3s'
         health_check_policy = 'majority'
         min_num_failures = 1
         failure_rate_threshold = 1
         failures_detection_window = '3s'
         failure_kinds = ['unreachable', 'connection-lost']
         unserviceable_after = '4s'
         suspicion = { suspect_after = '5s', suspicion_timeout = '6s', suspicion_spacing = '7s' }
         grace_period = '8s'
         down_after = '9s'
         half_open_timeout = '11s'
         trial_calls = 12
         flap_window = '13s'
         max_grace_factor = 14
         response_timeout = '15s'
         connect_timeout = '16s'
         redial_spread = '17s'
         redial_backoff = { base = '18s', cap = '19s' }
         standby = 'cold'
         dedicated_connections = 20
         client_name = 'checkout'",
    );
    let built = MultiDbConfig::new([
        DatabaseConfig::from_url("redis://eu").unwrap().name("eu"),
        DatabaseConfig::from_url("redis://us").unwrap().name("us"),
    ])
    .health_check_interval(seconds(1))
    .health_check_jitter(0.5)
    .health_check_probes(7)
    .health_check_delay(seconds(2))
    .health_check_probe_timeout(seconds(3))
    .health_check_policy(HealthyMajority)
    .min_num_failures(1)
    .failure_rate_threshold(1.0)
    .failures_detection_window(seconds(3))
    .failure_kinds(failures::UNREACHABLE.with(failures::CONNECTION_LOST))
    .unserviceable_after(seconds(4))
    .suspicion(Suspicion { after: seconds(5), timeout: seconds(6), spacing: seconds(7) })
    .grace_period(seconds(8))
    .down_after(seconds(9))
    .half_open_timeout(seconds(11))
    .trial_calls(12)
    .flap_window(seconds(13))
    .max_grace_factor(14)
    .response_timeout(seconds(15))
    .connect_timeout(seconds(16))
    .redial_spread(seconds(17))
    .redial_backoff(Backoff::new(seconds(18), seconds(19)))
    .standby(Standby::Cold)
    .dedicated_connections(20)
    .client_name("checkout");
    let read = read.unwrap();
    assert_eq!(shown(&read), shown(&built));
    assert_eq!(format!("{read:?}"), format!("{built:?}"));
}

#[test]
fn b56_what_is_said_for_the_client_is_what_the_builder_says() {
    let usual = || at_the_top("").unwrap();
    let said = |said: &str| shown(&at_the_top(said).unwrap());
    for (text, built) in [
        (
            "command_retry = { retries = 7, base = '1s', cap = '2s' }",
            usual().command_retry(7, Backoff::new(seconds(1), seconds(2))),
        ),
        (
            "command_retry = { cap = '2s' }",
            usual().command_retry(3, Backoff::new(Duration::from_millis(10), seconds(2))),
        ),
        ("retry_safety = 'read-only'", usual().retry_safety(RetrySafety::ReadOnly)),
        ("retry_safety = 'same-effect'", usual().retry_safety(RetrySafety::SameEffect)),
        ("retry_safety = 'all'", usual().retry_safety(RetrySafety::All)),
        ("retry_budget = { share = 0.5 }", usual().retry_budget(0.5, 10)),
        ("retry_budget = { floor = 7 }", usual().retry_budget(0.2, 7)),
        ("auto_fallback_interval = '7s'", usual().auto_fallback_interval(Some(seconds(7)))),
        ("auto_fallback_interval = 'off'", usual().auto_fallback_interval(None)),
        ("fallback_jitter = 0", usual().fallback_jitter(0.0)),
        ("failover_attempts = 7", usual().failover_attempts(7)),
        ("failover_delay = '7s'", usual().failover_delay(seconds(7))),
        ("wait_for_database = '2s'", usual().wait_for_database(Some(seconds(2)))),
        (
            "initial_health_check_policy = 'majority-available'",
            usual().initial_health_check_policy(InitialHealthCheckPolicy::MajorityAvailable),
        ),
        (
            "initial_health_check_policy = 'all-available'",
            usual().initial_health_check_policy(InitialHealthCheckPolicy::AllAvailable),
        ),
        ("tolerate_misconfigured = true", usual().tolerate_misconfigured(true)),
        (
            "health_checks = ['ping', 'role']",
            usual().health_checks([HealthCheck::ping(), HealthCheck::role()]),
        ),
        ("health_checks = []", usual().health_checks([])),
        ("health_checks = 'off'", usual().health_checks([])),
        ("suspicion = 'off'", usual().suspicion(Suspicion::off())),
        ("health_check_policy = 'any'", usual().health_check_policy(HealthyAny)),
    ] {
        assert_eq!(said(text), shown(&built), "{text}");
        assert_ne!(said(text), shown(&usual()), "{text}");
    }
    for usual_words in ["wait_for_database = 'off'", "suspicion = 'default'", "retry_safety = 'idempotent'"] {
        assert_eq!(said(usual_words), shown(&usual()), "{usual_words}");
    }
}

#[test]
fn b56_a_database_has_a_name_a_weight_and_checks_of_its_own() {
    let config = of_us("weight = 2\nhealth_checks = ['role']").unwrap();
    let us = &config.databases[1];
    assert_eq!((us.name_or_address().as_str(), us.weight), ("us", 2.0));
    let checks = us.options(&config.options).health_checks();
    assert_eq!(checks.iter().map(|check| &**check.name()).collect::<Vec<_>>(), ["role"]);
    assert_eq!(config.databases[0].weight, 1.0);
}

#[test]
fn b56_urls_alone_are_databases_in_the_order_of_preference() {
    let read =
        MultiDbConfig::from_toml("urls = ['redis://eu', 'redis://us/1', 'unix:///run/redis.sock']").unwrap();
    let built = MultiDbConfig::from_urls(["redis://eu", "redis://us/1", "unix:///run/redis.sock"]).unwrap();
    assert_eq!(shown(&read), shown(&built));
    let weights: Vec<_> = built.databases.iter().map(|database| database.weight).collect();
    assert_eq!(weights, [1.0, 0.5, 0.25]);
}

/// What a check does not say for itself is as its database has it, or else all of them.
#[test]
fn b19_a_check_may_have_settings_of_its_own_in_a_file_too() {
    let text = format!(
        "health_check_probes = 7
         health_checks = ['ping', {{ name = 'role', health_check_interval = '30s' }}]
         {DATABASES}
         health_checks = [{{ name = 'role', health_check_policy = 'any' }}]
         health_check_interval = '9s'"
    );
    let config = MultiDbConfig::from_toml(&text).unwrap();
    let settings = |index: usize, check: usize| -> HealthSettings {
        let checks = config.databases[index].options(&config.options).health_checks();
        checks[check].own_settings().cloned().unwrap()
    };
    let of_eu = settings(0, 1);
    assert_eq!((of_eu.interval, of_eu.probes), (seconds(30), 7));
    let of_us = settings(1, 0);
    assert_eq!((of_us.interval, of_us.probes), (seconds(9), 7));
    assert_eq!(format!("{:?}", of_us.policy), "HealthyAny");
}

/// So that a key can be advised to stand elsewhere, and a variable leads to one key.
#[test]
fn b56_no_key_is_there_twice() {
    for keys in [Client::keys(), Database::keys()] {
        let mut names: Vec<_> = keys.iter().map(|key| key.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

/// The builders' methods in a source, or in all of a folder and those inside it.
fn methods(source: &Path, found: &mut Vec<String>) {
    if source.is_dir() {
        for entry in fs::read_dir(source).unwrap() {
            methods(&entry.unwrap().path(), found);
        }
        return;
    }
    for line in fs::read_to_string(source).unwrap().lines() {
        let Some((name, rest)) =
            line.trim_start().strip_prefix("pub fn ").and_then(|rest| rest.split_once('('))
        else {
            continue;
        };
        if rest.starts_with("mut self") || rest.starts_with("self,") {
            found.push(name.split('<').next().unwrap_or(name).to_owned());
        }
    }
}

/// A method that is added to a builder gets a key, or a place among those that take code.
#[test]
fn b56_every_method_of_a_builder_has_a_key() {
    let code = [
        "failover_strategy",
        "events",
        "chance",
        "listener",
        "async_listener",
        "metrics",
        "circuit",
        "connector",
        "redis_settings",   // username, password, sentinel.number, sentinel.protocol
        "credentials",      // username, password, password_file, password_env
        "add_health_check", // health_checks has them all
        "add_failure_detector",
        "$option", // those of the list, which are keys by themselves
    ];
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let methods_in = |source: &str| {
        let mut found = Vec::new();
        methods(&sources.join(source), &mut found);
        found
    };
    let keys: Vec<_> = Client::keys().into_iter().chain(Database::keys()).collect();
    let of_both = methods_in("config");
    assert!(of_both.len() > 20, "{of_both:?}");
    for method in of_both {
        let is_key = keys.iter().any(|key| key.name == method);
        assert!(is_key || code.contains(&method.as_str()), "{method} has no key");
    }
    for (table, source) in [("tls", "connection/tls/mod.rs"), ("lag_aware", "health/lag_aware/config.rs")] {
        let table = keys.iter().find(|key| key.name == table).unwrap();
        for method in methods_in(source) {
            assert!(table.shape.keys().iter().any(|key| key.name == method), "{method} has no key");
        }
    }
}
