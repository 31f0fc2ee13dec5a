//! Whether the databases are well enough to begin (B41).

use std::sync::Arc;

use tower_failover::Verdict;
use tower_failover::availability::{Evidence, View};
use tower_failover::balance::Snapshot;

use crate::config::InitialHealthCheckPolicy;
use crate::error::Error;

/// Whether the checks of all have said anything yet. Before the first choice, there are no members.
pub(super) fn all_judged(snapshot: &Snapshot) -> bool {
    !snapshot.members.is_empty() && snapshot.members.iter().all(|member| is_judged(&member.view))
}

/// Whether its checks have said anything, if it has any.
pub(super) fn is_judged(view: &View) -> bool {
    !view.checked || view.verdict != Verdict::Unknown || view.evidence.is_some()
}

pub(super) fn misconfigured(snapshot: &Snapshot) -> Option<Error> {
    snapshot.members.iter().find_map(|member| match &member.view.evidence {
        Some(Evidence::Misconfigured(detail)) => {
            Some(Error::Misconfigured { database: member.name.clone(), detail: Arc::clone(detail) })
        }
        _ => None,
    })
}

pub(super) fn is_met(policy: InitialHealthCheckPolicy, snapshot: &Snapshot) -> bool {
    let healthy = snapshot
        .members
        .iter()
        .filter(|member| !member.view.checked || member.view.verdict == Verdict::Healthy);
    let (healthy, all) = (healthy.count(), snapshot.members.len());
    snapshot.active.is_some()
        && match policy {
            InitialHealthCheckPolicy::OneAvailable => true,
            InitialHealthCheckPolicy::MajorityAvailable => healthy * 2 > all,
            InitialHealthCheckPolicy::AllAvailable => healthy == all,
        }
}
