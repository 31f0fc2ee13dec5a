//! The state now, as people read it.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

use super::member::Weight;
use super::outage::{Outage, OutageStatus};
use crate::availability::{Availability, CallCounts, View};
use crate::event::{Name, SwitchReason};

/// How many switches are remembered (B40).
const REMEMBERED: usize = 64;

/// What a balance looks like at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// Who serves.
    pub active: Option<Name>,
    /// The version of that choice.
    pub version: u64,
    /// Who was chosen by hand and is taken whenever it can be (B38).
    pub pinned: Option<Name>,
    /// The outage, if nobody serves.
    pub outage: Option<OutageStatus>,
    /// All members, in the order of configuration.
    pub members: Vec<MemberSnapshot>,
    /// The last 64 switches, the oldest first.
    pub switches: Vec<Switch>,
}

/// What a member looks like at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberSnapshot {
    /// Its name.
    pub name: Name,
    /// Its weight.
    pub weight: Weight,
    /// Whether it is drained: never chosen, though calls in flight finish.
    pub drained: bool,
    /// Its health and its circuit.
    pub view: View,
    /// What became of its calls that did not go well.
    pub calls: CallCounts,
    /// How many connections to it are open, as far as they are [counted](Availability::connections).
    pub connections: usize,
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switch {
    /// Who served before.
    pub from: Option<Name>,
    /// Who served from then on.
    pub to: Name,
    /// Why.
    pub reason: SwitchReason,
    /// When.
    pub at: Instant,
    /// The version of the choice.
    pub version: u64,
    /// If it was a failure: from its first sign (a suspicion, a failed probe, a trip), or from the beginning of the
    /// outage that it ends, to the switch.
    pub took: Option<Duration>,
}

/// What the driver publishes for snapshots; the views are read when one is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    pub(super) active: Option<Name>,
    pub(super) pinned: Option<Name>,
    pub(super) outage: Option<Outage>,
    pub(super) members: Vec<(Availability, Weight, bool)>,
    pub(super) switches: VecDeque<Switch>,
}

impl Roster {
    pub(super) fn remember(&mut self, switch: Switch) {
        if self.switches.len() == REMEMBERED {
            self.switches.pop_front();
        }
        self.switches.push_back(switch);
    }

    pub(super) fn snapshot(&self, version: u64, now: Instant) -> Snapshot {
        let member = |(availability, weight, drained): &(Availability, Weight, bool)| MemberSnapshot {
            name: availability.name().clone(),
            weight: *weight,
            drained: *drained,
            view: availability.view(),
            calls: availability.call_counts(),
            connections: availability.connections().count(),
        };
        Snapshot {
            active: self.active.clone(),
            version,
            pinned: self.pinned.clone(),
            outage: self.outage.map(|outage| outage.status(now)),
            members: self.members.iter().map(member).collect(),
            switches: self.switches.iter().cloned().collect(),
        }
    }
}

impl Snapshot {
    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&MemberSnapshot> {
        self.members.iter().find(|member| &*member.name == name)
    }
}
