//! The same keys in another format.

use serde_json::{Value, json};

use super::shown;
use crate::MultiDbConfig;

fn read(value: Value) -> Result<MultiDbConfig, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn b56_serde_reads_what_a_file_says() {
    let value = json!({
        "grace_period": "30s",
        "health_check_probes": 7,
        "failure_rate_threshold": 0.5,
        "tolerate_misconfigured": true,
        "command_retry": { "retries": 5 },
        "client_name": null,
        "databases": [
            { "url": "redis://eu", "name": "eu", "weight": 2 },
            { "url": "redis://us", "health_checks": ["role"] },
        ],
    });
    let text = "grace_period = '30s'
        health_check_probes = 7
        failure_rate_threshold = 0.5
        tolerate_misconfigured = true
        command_retry = { retries = 5 }
        [[databases]]
        url = 'redis://eu'
        name = 'eu'
        weight = 2
        [[databases]]
        url = 'redis://us'
        health_checks = ['role']";
    let toml = MultiDbConfig::from_toml(text).unwrap();
    assert_eq!(shown(&read(value).unwrap()), shown(&toml));
}

#[test]
fn b56_serde_tells_the_same_of_what_is_wrong() {
    for (value, words) in [
        (
            json!({ "urls": ["redis://eu"], "grace_periode": "1s" }),
            "key grace_periode is unknown; did you mean",
        ),
        (
            json!({ "urls": ["redis://eu"], "grace_period": 60 }),
            "key grace_period cannot be used: it has no unit",
        ),
        (
            json!({ "databases": [{ "url": "redis://eu", "name": "eu", "weigth": 1 }] }),
            "of database eu is unknown",
        ),
        (json!({ "min_num_failures": u64::MAX, "urls": ["redis://eu"] }), "it is no whole number"),
        (json!({}), "no databases are configured"),
        (json!(null), "no databases are configured"),
        (json!(["redis://eu"]), "the configuration cannot be used: it is a list; give a table"),
    ] {
        let error = read(value.clone()).unwrap_err();
        assert!(error.contains(words), "{value}\n  {error}");
    }
    let error =
        serde_json::from_str::<MultiDbConfig>(r#"{ "urls": ["redis://eu"], "urls": [] }"#).unwrap_err();
    assert!(error.to_string().contains("a key stands twice"), "{error}");
}
