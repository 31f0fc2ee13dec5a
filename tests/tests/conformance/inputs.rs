//! What happens in a phase.

use serde::Deserialize;

use crate::story::{Answers, MemberSpec};
use crate::time::Time;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Input {
    // Time.
    Advance(Time),
    Stall(Time),
    // What members do.
    Service(Does),
    Finish(Finish),
    Check(Says),
    Verdict(Said),
    Suspect(Of),
    OwnDetector(Of),
    Join(Box<MemberSpec>),
    Leave(Of),
    // What callers do.
    Calls(Calls),
    // What people order.
    SetActive(Limited),
    ForceActive(Limited),
    ReleaseChoice(Nothing),
    Drain(Limited),
    Undrain(Of),
    Trip(Limited),
    ForceOpen(Of),
    Release(Of),
    SetWeight(Weighs),
    Remove(Of),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Of {
    pub(crate) member: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limited {
    pub(crate) member: String,
    pub(crate) limit: Option<Time>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weighs {
    pub(crate) member: String,
    pub(crate) weight: f64,
}

/// How a member's service answers calls from now on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Does {
    pub(crate) member: String,
    pub(crate) does: String,
    pub(crate) takes: Option<Time>,
    /// Only calls of this kind; others are answered.
    pub(crate) to: Option<String>,
}

/// How calls end that hang at a member.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finish {
    pub(crate) member: String,
    pub(crate) with: String,
}

/// What a check answers from now on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Says {
    pub(crate) member: String,
    /// The member's first check.
    pub(crate) name: Option<String>,
    pub(crate) says: Answers,
    pub(crate) takes: Option<Time>,
}

/// A verdict on a member whose health is judged elsewhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) member: String,
    pub(crate) is: String,
    #[serde(default)]
    pub(crate) on_suspicion: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) count: u32,
    pub(crate) every: Option<Time>,
    pub(crate) given_up_after: Option<Time>,
    pub(crate) kind: String,
    pub(crate) repeatable: bool,
}

impl Default for Calls {
    fn default() -> Self {
        Self { count: 1, every: None, given_up_after: None, kind: "read".into(), repeatable: true }
    }
}
