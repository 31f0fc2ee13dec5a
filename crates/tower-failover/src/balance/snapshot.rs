//! The state now, as people read it.

#[cfg(feature = "serde")]
mod serialized;

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

use super::member::Weight;
use super::outage::{Outage, OutageStatus};
use crate::availability::{Availability, CallCounts, CircuitState, LastError, Report, View};
use crate::event::{Name, SwitchReason};

/// How many switches are remembered (B40).
const REMEMBERED: usize = 64;

/// What a balance looks like at one moment.
///
/// With the feature `serde` it can be serialised: names as here and enumerations in lower case; instants are told by
/// how many milliseconds ago they were (`…_ago_ms`, `…_for_ms`) or are away (`…_in_ms`, `…_left_ms`).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The moment.
    pub taken_at: Instant,
    /// Who serves.
    pub active: Option<Name>,
    /// The version of that choice.
    pub version: u64,
    /// Who was chosen by hand and is taken whenever it can be (B38).
    pub pinned: Option<Name>,
    /// Until when; `None` for ever.
    pub pinned_until: Option<Instant>,
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
    /// The moment.
    pub taken_at: Instant,
    /// Its name.
    pub name: Name,
    /// Its weight.
    pub weight: Weight,
    /// Whether it serves.
    pub active: bool,
    /// Whether it was chosen by hand.
    pub pinned: bool,
    /// Whether it is drained: never chosen, though calls in flight finish.
    pub drained: bool,
    /// Until when it is drained; `None` for ever.
    pub drained_until: Option<Instant>,
    /// Its health and its circuit.
    pub view: View,
    /// What last spoke against it, also if it is well by now.
    pub last_error: Option<LastError>,
    /// When a round of its checks is next due; past, while one runs. `None` before the first has ended, and without
    /// checks.
    pub next_probe_at: Option<Instant>,
    /// What became of its calls that did not go well.
    pub calls: CallCounts,
    /// How many connections to it are open, as far as they are [counted](Availability::connections).
    pub open_connections: usize,
}

impl MemberSnapshot {
    /// How much longer it has to be healthy before it is tried again (B9); `None` if its circuit is not open, is held
    /// open by hand, or if this time has not begun, because it is not healthy.
    #[must_use]
    pub fn grace_left(&self) -> Option<Duration> {
        let circuit = &self.view.circuit;
        let in_grace = circuit.state == CircuitState::Open && !circuit.forced;
        Some(circuit.next_change_at.filter(|_| in_grace)?.saturating_duration_since(self.taken_at))
    }

    /// How much longer its circuit is held open by hand; `None` if it is not, or until it is released.
    #[must_use]
    pub fn forced_left(&self) -> Option<Duration> {
        let circuit = &self.view.circuit;
        Some(circuit.next_change_at.filter(|_| circuit.forced)?.saturating_duration_since(self.taken_at))
    }
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
    /// If it was a failure: from its first sign (a suspicion, a failed probe, a trip, a failed trial) since the member
    /// was last well, or from the beginning of the outage that it ends, to the switch.
    pub took: Option<Duration>,
}

/// What the driver publishes for snapshots; the views are read when one is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    pub(super) active: Option<Name>,
    pub(super) pinned: Option<Name>,
    pub(super) pinned_until: Option<Instant>,
    pub(super) outage: Option<Outage>,
    pub(super) members: Vec<Listed>,
    pub(super) switches: VecDeque<Switch>,
}

/// One member of the roster.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) availability: Availability,
    pub(super) weight: Weight,
    /// `Some(None)`: drained for ever.
    pub(super) drained: Option<Option<Instant>>,
}

impl Roster {
    pub(super) fn remember(&mut self, switch: Switch) {
        if self.switches.len() == REMEMBERED {
            self.switches.pop_front();
        }
        self.switches.push_back(switch);
    }

    pub(super) fn snapshot(&self, version: u64, now: Instant) -> Snapshot {
        let member = |Listed { availability, weight, drained }: &Listed| {
            let Report { view, last_error, next_probe_at } = availability.report();
            MemberSnapshot {
                taken_at: now,
                name: availability.name().clone(),
                weight: *weight,
                active: self.active.as_ref() == Some(availability.name()),
                pinned: self.pinned.as_ref() == Some(availability.name()),
                drained: drained.is_some(),
                drained_until: drained.flatten(),
                view,
                last_error,
                next_probe_at,
                calls: availability.call_counts(),
                open_connections: availability.connections().count(),
            }
        };
        Snapshot {
            taken_at: now,
            active: self.active.clone(),
            version,
            pinned: self.pinned.clone(),
            pinned_until: self.pinned_until,
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
