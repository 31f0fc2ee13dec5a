//! A story as it is written. Unknown keys are refused.

use std::time::Duration;

use serde::Deserialize;

use crate::inputs::Input;
use crate::time::{Limit, Time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(crate) title: String,
    pub(crate) rules: Vec<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "read by people")]
    pub(crate) about: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "read by people")]
    pub(crate) modelled_on: Vec<String>,
    #[serde(default = "usual_tolerance")]
    pub(crate) tolerance: Time,
    #[serde(default)]
    pub(crate) settings: Settings,
    pub(crate) members: Vec<MemberSpec>,
    /// The settings are refused, and the refusal says this.
    pub(crate) refused: Option<String>,
    #[serde(default)]
    pub(crate) phases: Vec<Phase>,
}

/// Calls are watched in steps of 25 ms.
fn usual_tolerance() -> Time {
    Time(Duration::from_millis(50))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phase {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) inputs: Vec<Input>,
    #[serde(default)]
    pub(crate) expect: toml::Table,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberSpec {
    pub(crate) name: String,
    pub(crate) weight: Option<f64>,
    #[serde(default)]
    pub(crate) checks: Vec<CheckSpec>,
    #[serde(default)]
    pub(crate) circuit: CircuitSpec,
    #[serde(default)]
    pub(crate) detector: DetectorSpec,
    #[serde(default)]
    pub(crate) health: HealthSpec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckSpec {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) says: Answers,
    pub(crate) takes: Option<Time>,
    /// It looks at something beside the member's life.
    #[serde(default)]
    pub(crate) beside: bool,
    pub(crate) health: Option<HealthSpec>,
}

/// What the next probes are answered; the last one goes on.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Answers {
    One(String),
    Several(Vec<String>),
}

impl Default for Answers {
    fn default() -> Self {
        Self::One("healthy".into())
    }
}

impl Answers {
    pub(crate) fn list(self) -> Vec<String> {
        match self {
            Self::One(answer) => vec![answer],
            Self::Several(answers) => answers,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) auto_fallback_interval: Option<Limit>,
    pub(crate) failover_attempts: Option<u32>,
    pub(crate) failover_delay: Option<Time>,
    pub(crate) wait_for_member: Option<Limit>,
    pub(crate) all_at_once_window: Option<Time>,
    pub(crate) wait_for_first_verdict: Option<Time>,
    pub(crate) wait_for_return: Option<Time>,
    pub(crate) strategy: Option<String>,
    pub(crate) response_timeout: Option<Limit>,
    pub(crate) suspicion: SuspicionSpec,
    pub(crate) retry: RetrySpec,
    pub(crate) circuit: CircuitSpec,
    pub(crate) detector: DetectorSpec,
    pub(crate) health: HealthSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SuspicionSpec {
    pub(crate) after: Option<Limit>,
    pub(crate) timeout: Option<Time>,
    pub(crate) spacing: Option<Time>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetrySpec {
    pub(crate) retries: u32,
    pub(crate) base: Option<Time>,
    pub(crate) cap: Option<Time>,
    pub(crate) budget_share: Option<f64>,
    pub(crate) budget_floor: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CircuitSpec {
    pub(crate) grace_period: Option<Time>,
    pub(crate) down_after: Option<Time>,
    pub(crate) half_open_timeout: Option<Time>,
    pub(crate) trial_calls: Option<u32>,
    pub(crate) flap_window: Option<Time>,
    pub(crate) max_grace_factor: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DetectorSpec {
    pub(crate) min_num_failures: Option<u64>,
    pub(crate) failure_rate_threshold: Option<f64>,
    pub(crate) failures_detection_window: Option<Time>,
    pub(crate) abandoned_after: Option<Time>,
    pub(crate) unserviceable_after: Option<Time>,
    pub(crate) probation: Option<Time>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HealthSpec {
    pub(crate) interval: Option<Time>,
    pub(crate) probes: Option<u32>,
    pub(crate) delay: Option<Time>,
    pub(crate) probe_timeout: Option<Time>,
    pub(crate) policy: Option<String>,
    pub(crate) retry_base: Option<Limit>,
}
