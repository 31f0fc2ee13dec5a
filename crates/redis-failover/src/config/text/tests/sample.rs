//! `docs/redis-failover.toml` and `docs/configuration.md`.

use std::collections::BTreeSet;

use super::super::client::{Client, Database};
use super::super::document;
use super::super::keyed::{Key, Keyed, Shape};
use super::super::tree::{Node, Value};
use super::shown;
use crate::{DatabaseConfig, MultiDbConfig};

const SAMPLE: &str = include_str!("../../../../docs/redis-failover.toml");
const REFERENCE: &str = include_str!("../../../../docs/configuration.md");

/// The sample, with what these lines hold switched on.
fn with(switched_on: impl Fn(&str) -> bool) -> String {
    let line = |line: &str| match setting(line) {
        Some(said) if switched_on(line) => format!("{said}\n"),
        _ => format!("{line}\n"),
    };
    SAMPLE.lines().map(line).collect()
}

/// The setting in a comment: `#key = default`, or `#   key = example` and `#   [table]`.
fn setting(line: &str) -> Option<&str> {
    let said = line.strip_prefix('#')?;
    let said = said.strip_prefix("   ").unwrap_or(said);
    said.starts_with(|first: char| first.is_ascii_lowercase() || first == '[').then_some(said)
}

fn is_default(line: &str) -> bool {
    !line.starts_with("#   ")
}

/// What the sample says as it is.
fn of_the_sample() -> MultiDbConfig {
    MultiDbConfig::new([
        DatabaseConfig::from_url("redis://db-primary:6379/0").unwrap().name("eu-west"),
        DatabaseConfig::from_url("redis://db-secondary:6379/0").unwrap().name("us-east").weight(0.5),
    ])
}

#[test]
fn b56_the_sample_has_the_defaults() {
    let untouched = MultiDbConfig::from_toml(SAMPLE).unwrap();
    assert_eq!(shown(&untouched), shown(&of_the_sample()));

    let written_out = with(is_default);
    assert_ne!(written_out, SAMPLE);
    let written_out = MultiDbConfig::from_toml(&written_out).unwrap();
    assert_eq!(shown(&written_out), shown(&of_the_sample()));
}

#[cfg(feature = "lag-aware")]
#[test]
fn b56_the_sample_has_the_defaults_of_the_lag_aware_check() {
    let table = with(|_| true);
    let table = table.split_once("[lag_aware]").unwrap().1.split_once("[[").unwrap().0;
    let defaults = table.lines().filter(|line| !line.starts_with("auth_basic") && !line.starts_with("tls"));
    let urls = "urls = ['redis://eu']";
    let text = format!("{urls}\n[lag_aware]\n{}", defaults.collect::<Vec<_>>().join("\n"));
    let root = document::parse(&text, None).unwrap();
    let read: crate::health::LagAware =
        super::super::keyed::FromNode::read(&root.get("lag_aware").unwrap().node).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", crate::health::LagAware::new()));
}

/// But for those of which there can be only one, all examples are settings that can be used together.
#[cfg(feature = "lag-aware")]
#[test]
fn b56_the_samples_examples_can_be_used() {
    let alternatives = [
        "urls",
        "nodes",
        "cluster_health",
        "sentinel",
        "password =",
        "password_env",
        "ca_data",
        "client_cert_data",
        "client_key_data",
    ];
    let text = with(|line| {
        !alternatives
            .iter()
            .any(|alternative| setting(line).is_some_and(|said| said.starts_with(alternative)))
    });
    // Every database needs a URL for the check, and one of them is spoken to over TLS.
    let text = text.replace("url = \"redis://db-primary", "url = \"rediss://db-primary");
    let text = format!("{text}health_check_url = 'https://cluster.us-east.example.com'\n");
    let config = MultiDbConfig::from_toml(&text).unwrap();
    assert!(config.lag_aware.is_some());
    assert!(config.databases[0].tls.is_some());
    assert!(config.databases.iter().all(|database| database.credentials.is_some()));
    let urls = with(|line| line.contains("urls = "));
    let (urls, _) = urls.split_once("[[databases]]\n#").unwrap();
    assert!(MultiDbConfig::from_toml(urls).is_ok());
}

/// The paths of all keys. Those of `lag_aware.tls` are those of `tls`, and a database's other keys are those of all.
fn paths(keys: &[Key], above: &str, paths: &mut BTreeSet<String>) {
    for Key { name, shape } in keys {
        let path = format!("{above}{name}");
        if let Shape::Table(inner) | Shape::Either(inner) = shape
            && path != "lag_aware.tls"
            && path != "databases.tls"
        {
            self::paths(inner, &format!("{path}."), paths);
        }
        paths.insert(path);
    }
}

fn all_paths() -> BTreeSet<String> {
    let top = Client::keys();
    let is_at_the_top = |key: &Key| top.iter().any(|other| other.name == key.name);
    let of_databases: Vec<_> = Database::keys().into_iter().filter(|key| !is_at_the_top(key)).collect();
    let mut all = BTreeSet::new();
    paths(&top, "", &mut all);
    paths(&of_databases, "databases.", &mut all);
    all
}

fn said_paths(node: &Node, above: &str, paths: &mut BTreeSet<String>) {
    match &node.value {
        Value::Table(table) => {
            for entry in &table.entries {
                let path = format!("{above}{}", entry.key);
                said_paths(&entry.node, &format!("{path}."), paths);
                paths.insert(path);
            }
        }
        Value::List(nodes) => nodes.iter().for_each(|node| said_paths(node, above, paths)),
        _ => {}
    }
}

#[test]
fn b56_every_key_is_in_the_sample() {
    let root = document::parse(&with(|_| true), None).unwrap();
    let mut said = BTreeSet::new();
    said_paths(&root, "", &mut said);
    said.remove("lag_aware.tls.ca_file");
    assert_eq!(said, all_paths());
}

#[test]
fn b56_every_key_is_in_the_reference() {
    let mut documented = BTreeSet::new();
    let mut table = "";
    for line in REFERENCE.lines() {
        if line.starts_with('#') {
            // A heading names the table whose keys follow it.
            table = line.split('`').nth(1).map_or("", |table| table.trim_matches(['[', ']']));
            documented.extend((!table.is_empty()).then(|| table.to_owned()));
        } else if let Some(keys) = line.strip_prefix("| `").and_then(|row| row.split('|').next()) {
            // What is not in lower case is a variable of the environment.
            let is_key = |key: &&str| key.starts_with(|first: char| first.is_ascii_lowercase());
            for key in keys.split('`').step_by(2).filter(is_key) {
                documented.insert(if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") });
            }
        }
    }
    assert_eq!(documented, all_paths());
}

#[cfg(feature = "lag-aware")]
#[test]
fn b56_the_references_examples_can_be_used() {
    let blocks = REFERENCE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut count = 0;
    for block in blocks {
        MultiDbConfig::from_toml(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        count += 1;
    }
    assert!(count >= 3, "{count}");
}
