//! Histories for the tests of the invariants.

use std::time::Duration;

use redis_failover::Event;
use tower_failover::{
    SwitchReason, Verdict,
    availability::{CircuitState, OpenReason},
};

use super::{Findings, Told};
use crate::simulation::{
    history::{Call, Kind, Millis, Outcome, Record, What},
    plan::Plan,
};

/// A plan with all databases checked, and a grace of a second.
pub(super) fn plan() -> Plan {
    let mut plan = Plan::of(0);
    (plan.servers, plan.settings.heaviest_checked) = (2, true);
    plan.settings.grace = Duration::from_secs(1);
    plan
}

/// How an invariant finds that it is broken.
pub(super) fn broken(
    check: fn(&Told<'_>, &mut Findings),
    told: impl IntoIterator<Item = (Millis, What)>,
) -> Vec<String> {
    let records: Vec<Record> = told.into_iter().map(|(at, what)| Record { at, what }).collect();
    let mut findings = Findings::default();
    check(&Told { plan: &plan(), records: &records }, &mut findings);
    findings.broken.into_iter().map(|broken| broken.how).collect()
}

pub(super) fn called(id: u64, kind: Kind, limit: u64) -> What {
    What::Called(Call { id, kind, limit: Duration::from_millis(limit) })
}

pub(super) fn answered(id: u64, by: Option<usize>) -> What {
    What::Settled(id, Outcome::Answered { own: true, by, reply: String::new() })
}

pub(super) fn failed(id: u64) -> What {
    What::Settled(id, Outcome::Failed("it was refused".into()))
}

pub(super) fn ran(server: usize, command: &str, call: u64) -> What {
    What::Ran { server, command: command.into(), call }
}

pub(super) fn added(member: &str) -> What {
    What::Told(Event::MemberAdded { member: member.into() })
}

pub(super) fn judged(member: &str, to: Verdict) -> What {
    let from = Verdict::Unknown;
    What::Told(Event::VerdictChanged { member: member.into(), from, to, evidence: None })
}

pub(super) fn moved(member: &str, from: CircuitState, to: CircuitState) -> What {
    let reason = Some(OpenReason::HealthCheck);
    What::Told(Event::CircuitChanged { member: member.into(), from, to, reason })
}

pub(super) fn switched(from: Option<&str>, to: &str, version: u64) -> What {
    let (from, to, reason) = (from.map(Into::into), to.into(), SwitchReason::Initial);
    What::Told(Event::ActiveChanged { from, to, reason, evidence: None, version })
}
