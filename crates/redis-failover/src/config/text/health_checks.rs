//! Health checks by name.

use tower_failover::HealthSettings;

use super::error::{Fault, SettingError};
use super::keyed::{FromNode, Key, Keyed, keyed, read_table};
use super::scalar::{is_word, parts};
use super::tree::{Node, Value};
use crate::config::Options;
use crate::health::HealthCheck;

/// The checks that are named in a list; none for `off`.
pub(super) struct HealthChecks(Vec<NamedCheck>);

/// One of them: by its name, or a table with settings of its own.
struct NamedCheck {
    check: HealthCheck,
    settings: Option<Options>,
}

keyed! {
    /// A check with settings of its own.
    struct TunedCheck { name: String }
    with options: CheckOptions
}

/// Those of the options that a check may have for itself.
#[derive(Default)]
pub(super) struct CheckOptions(Options);

/// Their names.
const OF_CHECKS: [&str; 6] = [
    "health_check_interval",
    "health_check_jitter",
    "health_check_probes",
    "health_check_delay",
    "health_check_probe_timeout",
    "health_check_policy",
];

impl Keyed for CheckOptions {
    fn keys() -> Vec<Key> {
        Options::keys().into_iter().filter(|key| OF_CHECKS.contains(&key.name)).collect()
    }

    fn say(&mut self, key: &str, node: &Node) -> Result<bool, Fault> {
        if OF_CHECKS.contains(&key) { self.0.say(key, node) } else { Ok(false) }
    }
}

impl FromNode for HealthChecks {
    fn read(node: &Node) -> Result<Self, Fault> {
        if is_word(node, "off") {
            return Ok(Self(Vec::new()));
        }
        parts(node, NamedCheck::read).map(Self)
    }
}

impl FromNode for NamedCheck {
    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Value::Text(name) | Value::Untyped(name) => {
                Ok(Self { check: named(name, node)?, settings: None })
            }
            Value::Table(_) => {
                let tuned: TunedCheck = read_table(node)?;
                let check = named(tuned.name.as_deref().unwrap_or_default(), node.inner("name"))?;
                Ok(Self { check, settings: Some(tuned.options.0) })
            }
            _ => {
                let reason = format!("it is {}; give the name of a check, or a table with one", node.kind());
                Err(SettingError::value(&node.place, reason))
            }
        }
    }
}

fn named(name: &str, node: &Node) -> Result<HealthCheck, Fault> {
    let refused = |reason| Err(SettingError::value(&node.place, reason));
    match name {
        "ping" => Ok(HealthCheck::ping()),
        "role" => Ok(HealthCheck::role()),
        "lag-aware" | "lag_aware" => {
            refused("the lag-aware check is beside these; give a table [lag_aware], which may be empty")
        }
        _ => refused("a check is ping or role; give your own in code: MultiDbConfig::health_checks"),
    }
}

impl HealthChecks {
    /// The checks. What one with settings of its own does not say is as `options` have it.
    pub(super) fn with(self, options: &Options) -> impl Iterator<Item = HealthCheck> {
        let settings = move |own: Options| -> HealthSettings { own.or(options).health() };
        self.0.into_iter().map(move |NamedCheck { check, settings: own }| match own {
            Some(own) => check.settings(settings(own)),
            None => check,
        })
    }
}
