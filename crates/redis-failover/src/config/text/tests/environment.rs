//! Variables, alone and over a file.

use std::collections::BTreeSet;

use super::super::client::{Client, Database};
use super::super::environment::{Names, names};
use super::shown;
use crate::{ConfigError, MultiDbConfig};

fn read(variables: &[(&str, &str)]) -> Result<MultiDbConfig, ConfigError> {
    let variables =
        variables.iter().map(|(name, value)| (format!("REDIS_FAILOVER_{name}"), (*value).to_owned()));
    MultiDbConfig::from_env_with("REDIS_FAILOVER", variables)
}

fn toml(text: &str) -> String {
    shown(&MultiDbConfig::from_toml(text).unwrap())
}

#[track_caller]
fn refused(variables: &[(&str, &str)], words: &str) {
    let error = read(variables).expect_err(words).to_string();
    assert!(
        error.starts_with("REDIS_FAILOVER_") && error.contains(words),
        "{error}\n  does not say: {words}"
    );
}

#[test]
fn b56_variables_say_what_a_file_says() {
    let config = read(&[
        ("URLS", "redis://eu, redis://us,"),
        ("GRACE_PERIOD", "30s"),
        ("HEALTH_CHECK_PROBES", "7"),
        ("FAILURE_RATE_THRESHOLD", "0.5"),
        ("TOLERATE_MISCONFIGURED", "true"),
        ("HEALTH_CHECKS", "ping,role"),
        ("SUSPICION", "fast"),
        ("AUTO_FALLBACK_INTERVAL", "off"),
        ("COMMAND_RETRY_RETRIES", "5"),
        ("COMMAND_RETRY_BASE", "20ms"),
        ("REDIAL_BACKOFF_CAP", "9s"),
    ]);
    let text = "urls = ['redis://eu', 'redis://us']
        grace_period = '30s'
        health_check_probes = 7
        failure_rate_threshold = 0.5
        tolerate_misconfigured = true
        health_checks = ['ping', 'role']
        suspicion = 'fast'
        auto_fallback_interval = 'off'
        command_retry = { retries = 5, base = '20ms' }
        redial_backoff = { cap = '9s' }";
    assert_eq!(shown(&config.unwrap()), toml(text));
    for word in ["true", "false"] {
        let config = read(&[("URLS", "redis://eu"), ("TOLERATE_MISCONFIGURED", word)]);
        let text = format!("urls = ['redis://eu']\ntolerate_misconfigured = {word}");
        assert_eq!(shown(&config.unwrap()), toml(&text));
    }
}

#[test]
fn b56_variables_say_all_of_each_database() {
    let config = read(&[
        ("DATABASE_1_URL", "redis://eu"),
        ("DATABASE_1_NAME", "eu-west"),
        ("DATABASE_1_SUSPICION", "fast"),
        ("DATABASE_2_URL", "redis://us"),
        ("DATABASE_2_WEIGHT", "0.5"),
        ("DATABASE_2_SUSPICION_SUSPECT_AFTER", "1s"),
        ("DATABASE_2_CLIENT_NAME", "checkout"),
    ]);
    let text = "[[databases]]
        url = 'redis://eu'
        name = 'eu-west'
        suspicion = 'fast'
        [[databases]]
        url = 'redis://us'
        weight = 0.5
        suspicion = { suspect_after = '1s' }
        client_name = 'checkout'";
    assert_eq!(shown(&config.unwrap()), toml(text));
}

#[test]
fn b56_a_variable_goes_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis.toml");
    let text = "grace_period = '1s'
        down_after = '2s'
        command_retry = { retries = 5, cap = '3s' }
        suspicion = 'off'
        [[databases]]
        url = 'redis://eu'
        name = 'eu'";
    std::fs::write(&path, text).unwrap();
    let config = read(&[
        ("CONFIG", path.to_str().unwrap()),
        ("GRACE_PERIOD", "30s"),
        ("COMMAND_RETRY_RETRIES", "7"),
        ("SUSPICION_SUSPECT_AFTER", "1s"),
        ("DATABASE_1_URL", "redis://localhost"),
        ("DATABASE_2_URL", "redis://us"),
    ]);
    let together = "grace_period = '30s'
        down_after = '2s'
        command_retry = { retries = 7, cap = '3s' }
        suspicion = { suspect_after = '1s' }
        [[databases]]
        url = 'redis://localhost'
        name = 'eu'
        [[databases]]
        url = 'redis://us'";
    assert_eq!(shown(&config.unwrap()), toml(together));

    // Each is told where it stands.
    let error = read(&[("CONFIG", path.to_str().unwrap()), ("DOWN_AFTER", "2")]).unwrap_err().to_string();
    assert!(
        error.starts_with("REDIS_FAILOVER_DOWN_AFTER: key down_after cannot be used: it has no unit"),
        "{error}"
    );
    let error = read(&[
        ("CONFIG", path.to_str().unwrap()),
        ("DATABASE_1_NAME", "us"),
        ("DATABASE_2_URL", "redis://us"),
        ("DATABASE_2_NAME", "us"),
    ])
    .unwrap_err()
    .to_string();
    assert!(error.starts_with("REDIS_FAILOVER_DATABASE_2_NAME: two databases are named us"), "{error}");
    std::fs::write(&path, "grace_period = 1").unwrap();
    let error = read(&[("CONFIG", path.to_str().unwrap())]).unwrap_err().to_string();
    assert!(error.contains("redis.toml:1:16: key grace_period"), "{error}");
    for databases in ["[databases]\nurl = 'redis://eu'", "[databases.eu]\nurl = 'redis://eu'"] {
        std::fs::write(&path, databases).unwrap();
        let error = read(&[("CONFIG", path.to_str().unwrap()), ("DATABASE_1_NAME", "eu")]);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("key databases cannot be used: it is one table"), "{error}");
        assert!(error.contains("redis.toml:1:"), "{error}");
    }
    let error = read(&[("CONFIG", "/nowhere/redis.toml")]).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/redis.toml: the configuration cannot be read"), "{error}");
}

#[test]
fn b56_a_variable_that_cannot_be_used_is_named() {
    let urls = ("URLS", "redis://eu,redis://us");
    refused(&[], "no databases are configured");
    refused(&[urls, ("GRACE_PERIODE", "1s")], "did you mean GRACE_PERIOD?");
    refused(&[urls, ("XYZ", "1s")], "key XYZ is unknown");
    refused(&[urls, ("COMMAND_RETRY", "3")], "is unknown; did you mean COMMAND_RETRY_");
    refused(&[urls, ("GRACE_PERIOD", "60")], "it has no unit; write \"60s\" for seconds");
    refused(&[urls, ("HEALTH_CHECK_PROBES", "three")], "it is no whole number");
    refused(&[urls, ("FAILURE_RATE_THRESHOLD", "10")], "for 10 % write 0.1");
    refused(&[urls, ("FAILURE_RATE_THRESHOLD", "10%")], "for 10 % write 0.1");
    refused(&[urls, ("TOLERATE_MISCONFIGURED", "1")], "give true or false");
    refused(&[urls, ("DATABASE_1_NAME", "eu")], "there are databases too");
    refused(&[urls, ("SUSPICION", "fast"), ("SUSPICION_SUSPECT_AFTER", "1s")], "there is SUSPICION too");
    refused(&[("DATABASE_1_URL", "redis://eu"), ("DATABASE_1_WIEGHT", "1")], "did you mean WEIGHT?");
    refused(&[("DATABASE_1_NAME", "eu")], "key url of database eu cannot be used: it has no url");
    refused(
        &[("DATABASE_2_URL", "redis://eu")],
        "database number 2 cannot be used: databases are counted from 1",
    );
    refused(&[("DATABASE_0_URL", "redis://eu")], "databases are counted from 1");
    refused(&[("DATABASE_EU_URL", "redis://eu")], "key DATABASE_EU_URL is unknown");
    refused(&[("URLS", "redis://eu,us")], "the url without a scheme … cannot be used: number 2");
}

#[test]
fn b56_the_tenth_database_follows_the_ninth() {
    let variables: Vec<_> =
        (1..=10).map(|number| (format!("DATABASE_{number}_URL"), format!("redis://db-{number}"))).collect();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let config = read(&variables).unwrap();
    assert_eq!(config.databases[9].name_or_address(), "db-10:6379");
}

#[test]
fn b56_what_is_empty_or_of_others_is_passed_over() {
    let config = read(&[
        ("URLS", "redis://eu"),
        ("PASSWORD", ""),
        ("CONFIG", ""),
        // Kubernetes' own, of a service named redis-failover.
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT", "6379"),
        ("SERVICE_PORT_REDIS", "6379"),
        ("PORT", "tcp://10.0.0.1:6379"),
        ("PORT_6379_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(shown(&config.unwrap()), toml("urls = ['redis://eu']"));
    // Another prefix, though it begins alike.
    let others = [("REDIS_FAILOVERS_X", "1"), ("REDIS_FAILOVER", "1"), ("REDIS_FAILOVER_URLS", "redis://eu")];
    let others = others.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(MultiDbConfig::from_env_with("REDIS_FAILOVER", others).is_ok());
}

#[test]
fn b56_each_variable_leads_to_one_key_and_is_none_of_others() {
    let reserved = ["CONFIG", "DATABASE_", "SERVICE_HOST", "SERVICE_PORT", "PORT"];
    let check = |names: &Names| {
        let paths: BTreeSet<_> = names.values().collect();
        assert_eq!(paths.len(), names.len());
        for name in names.keys() {
            assert!(!reserved.iter().any(|reserved| name.starts_with(reserved)), "{name}");
        }
    };
    let (of_all, of_databases) = (names::<Client>(), names::<Database>());
    check(&of_all);
    check(&of_databases);
    assert_eq!(of_all["LAG_AWARE_TLS_CA_FILE"], ["lag_aware", "tls", "ca_file"]);
    assert_eq!(of_databases["TLS_CA_FILE"], ["tls", "ca_file"]);
}
