//! What is said by one of a few words.

use std::sync::Arc;
use std::time::Duration;

use redis::ProtocolVersion;
use tower_failover::health::{HealthyAll, HealthyAny, HealthyMajority, Policy};
use tower_failover::{Backoff, HealthSettings, Kinds, Suspicion};

use super::error::{Fault, SettingError};
use super::keyed::{FromNode, Keyed, Shape, keyed, read_table};
use super::scalar::parts;
use super::tree::{Node, Value};
use crate::classify::failures;
use crate::command::RetrySafety;
use crate::config::InitialHealthCheckPolicy;
use crate::connection::Standby;

/// The meaning of the word that stands there. redis-py's names (`HealthCheckPolicies.HEALTHY_ALL`) are told ours.
fn word<T: Clone>(node: &Node, words: &[(&str, T)]) -> Result<T, Fault> {
    let refused = |reason| Err(SettingError::value(&node.place, reason));
    let names = words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (Value::Text(said) | Value::Untyped(said)) = &node.value else {
        return refused(format!("it is {}; give one of {names}", node.kind()));
    };
    let said = said.trim();
    if let Some((_, meaning)) = words.iter().find(|(name, _)| *name == said) {
        return Ok(meaning.clone());
    }
    let spelled = said.to_ascii_lowercase().replace('_', "-");
    let spelled = spelled.rsplit('.').next().unwrap_or_default().trim_start_matches("healthy-");
    match words.iter().find(|(name, _)| spelled == *name) {
        Some((name, _)) => refused(format!("here it is \"{name}\"")),
        None => refused(format!("it is none of {names}")),
    }
}

impl FromNode for RetrySafety {
    fn read(node: &Node) -> Result<Self, Fault> {
        let words = [
            ("read-only", Self::ReadOnly),
            ("idempotent", Self::Idempotent),
            ("same-effect", Self::SameEffect),
            ("all", Self::All),
        ];
        word(node, &words)
    }
}

impl FromNode for InitialHealthCheckPolicy {
    fn read(node: &Node) -> Result<Self, Fault> {
        let words = [
            ("one-available", Self::OneAvailable),
            ("majority-available", Self::MajorityAvailable),
            ("all-available", Self::AllAvailable),
        ];
        word(node, &words)
    }
}

impl FromNode for Standby {
    fn read(node: &Node) -> Result<Self, Fault> {
        word(node, &[("warm", Self::Warm), ("cold", Self::Cold)])
    }
}

impl FromNode for Kinds {
    fn read(node: &Node) -> Result<Self, Fault> {
        let words = [
            ("unreachable", failures::UNREACHABLE),
            ("connection-lost", failures::CONNECTION_LOST),
            ("timed-out", failures::TIMED_OUT),
            ("unserviceable", failures::UNSERVICEABLE),
        ];
        let kinds = parts(node, |node| word(node, &words))?;
        if kinds.is_empty() {
            return Err(SettingError::value(&node.place, "it is empty; name one kind at least"));
        }
        Ok(kinds.into_iter().fold(Self::NONE, Self::with))
    }
}

impl FromNode for ProtocolVersion {
    fn read(node: &Node) -> Result<Self, Fault> {
        word(node, &[("resp2", Self::RESP2), ("resp3", Self::RESP3)])
    }
}

/// Which of a cluster's nodes must pass its health checks.
#[derive(Clone, Copy)]
pub(super) enum CountedNodes {
    All,
    Primaries,
}

impl FromNode for CountedNodes {
    fn read(node: &Node) -> Result<Self, Fault> {
        word(node, &[("all-nodes", Self::All), ("all-primaries", Self::Primaries)])
    }
}

impl FromNode for Arc<dyn Policy> {
    fn read(node: &Node) -> Result<Self, Fault> {
        let words: [(_, Self); 3] = [
            ("all", Arc::new(HealthyAll)),
            ("majority", Arc::new(HealthyMajority)),
            ("any", Arc::new(HealthyAny)),
        ];
        word(node, &words)
    }
}

keyed! {
    /// A suspicion that is tuned.
    struct TunedSuspicion {
        suspect_after: Duration,
        suspicion_timeout: Duration,
        suspicion_spacing: Duration,
    }
}

impl FromNode for Suspicion {
    fn shape() -> Shape {
        Shape::Either(TunedSuspicion::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        if !matches!(node.value, Value::Table(_)) {
            return word(node, &[("default", Self::default()), ("fast", Self::fast()), ("off", Self::off())]);
        }
        let tuned: TunedSuspicion = read_table(node)?;
        let usual = Self::default();
        Ok(Self {
            after: tuned.suspect_after.unwrap_or(usual.after),
            timeout: tuned.suspicion_timeout.unwrap_or(usual.timeout),
            spacing: tuned.suspicion_spacing.unwrap_or(usual.spacing),
        })
    }
}

keyed! {
    /// Waits that double.
    struct Waits { base: Duration, cap: Duration }
}

/// Only `redial_backoff` is one by itself, so what is not said is its default.
impl FromNode for Backoff {
    fn shape() -> Shape {
        Shape::Table(Waits::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        let Waits { base, cap } = read_table(node)?;
        let usual = HealthSettings::default().backoff;
        backoff(node, base.unwrap_or(usual.limit(0)), cap.unwrap_or(usual.limit(u32::MAX)))
    }
}

/// A wait that is longer at first than in the end is a mistake.
pub(super) fn backoff(node: &Node, base: Duration, cap: Duration) -> Result<Backoff, Fault> {
    if base <= cap {
        return Ok(Backoff::new(base, cap));
    }
    let place = node.get("base").or(node.get("cap")).map_or(&node.place, |entry| &entry.place);
    let reason = format!("base is {base:?} and cap {cap:?}; let cap be the longer one");
    Err(SettingError::new(place, super::Problem::Contradiction(reason)))
}
