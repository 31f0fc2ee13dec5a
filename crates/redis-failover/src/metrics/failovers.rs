//! Which switches are failovers, why they were made, and how many outages there were. Pure.

use tower_failover::availability::OpenReason;
use tower_failover::balance::{Snapshot, Switch};
use tower_failover::{Name, SwitchReason};

/// A failover, as it is labelled.
#[derive(Debug)]
pub(super) struct Failover {
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) reason: &'static str,
    pub(super) detail: &'static str,
    pub(super) took: Option<std::time::Duration>,
}

/// What is new since the last look.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) failovers: Vec<Failover>,
    /// Outages that have begun.
    pub(super) outages: u64,
}

/// What is known of the switches so far.
#[derive(Debug, Default)]
pub(super) struct Failovers {
    version: u64,
    served: Option<Name>,
    /// Why the one that served last was left, with nobody to follow it.
    left: Option<SwitchReason>,
    /// Whether the outage that lasts was counted.
    in_outage: bool,
}

impl Failovers {
    /// What is new. A snapshot keeps enough of the switches, so that nothing is lost with events that are.
    pub(super) fn look(&mut self, snapshot: &Snapshot) -> News {
        if snapshot.active.is_none() && self.left.is_none() {
            self.left = self.served.as_ref().map(|served| match snapshot.member(served) {
                Some(member) if member.drained => SwitchReason::Drained,
                Some(member) => {
                    SwitchReason::Unavailable(member.view.why().unwrap_or(OpenReason::HealthCheck))
                }
                None => SwitchReason::Removed,
            });
        }
        let seen = self.version;
        let mut news = News::default();
        for switch in snapshot.switches.iter().filter(|switch| switch.version > seen) {
            // One that was over before anybody looked.
            news.outages += u64::from(self.ends_outage(switch) && !self.in_outage);
            self.in_outage = false;
            news.failovers.extend(self.take(switch));
        }
        if snapshot.outage.is_some() && !self.in_outage {
            self.in_outage = true;
            news.outages += 1;
        }
        news
    }

    fn ends_outage(&self, switch: &Switch) -> bool {
        let nobody = switch.from.is_none();
        nobody && (self.served.is_some() || switch.reason == SwitchReason::Recovered)
    }

    fn take(&mut self, switch: &Switch) -> Option<Failover> {
        self.version = switch.version;
        let served = self.served.replace(switch.to.clone());
        let left = self.left.take();
        // After an outage nobody served, but somebody had.
        let from = switch.from.clone().or(served).filter(|from| *from != switch.to)?;
        let why = match switch.reason {
            SwitchReason::Recovered => left.unwrap_or(SwitchReason::Unavailable(OpenReason::HealthCheck)),
            reason => reason,
        };
        let reason = if why.is_manual() { "manual" } else { "automatic" };
        Some(Failover { from, to: switch.to.clone(), reason, detail: detail(why), took: switch.took })
    }
}

/// The value of [`REASON_DETAIL`](super::names::REASON_DETAIL).
fn detail(reason: SwitchReason) -> &'static str {
    match reason {
        SwitchReason::Unavailable(why) => match why {
            OpenReason::HealthCheck => "HealthCheck",
            OpenReason::Suspicion => "Suspicion",
            OpenReason::FailureDetector => "CircuitBreaker",
            OpenReason::Unserviceable => "Unserviceable",
            OpenReason::Forced => "Manual",
            OpenReason::Drill => "Drill",
            _ => "Other",
        },
        SwitchReason::Fallback => "Fallback",
        SwitchReason::Manual => "Manual",
        SwitchReason::Weight => "Weight",
        SwitchReason::Removed => "Removed",
        SwitchReason::Drained => "Drained",
        _ => "Other",
    }
}
