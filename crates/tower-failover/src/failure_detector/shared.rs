//! What all services of one layer share: the window, and what follows from an outcome.

use std::sync::Arc;

use tokio::time::Duration;

use super::detector::{Observation, OwnDetectors};
use super::refusals::{Patience, Refusals};
use super::threshold::Thresholds;
use super::window::{Counts, Window};
use crate::aggregate::Aggregate;
use crate::availability::{Availability, Epoch, Gate, OpenReason, ProbeMark, Signal};
use crate::classify::{Classify, Kinds, Outcome};
use crate::clock::{Clock, Millis};
use crate::event::Event;
use crate::sync::atomic::{AtomicU64, Ordering};

/// What the layer was told.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) availability: Availability,
    pub(super) thresholds: Thresholds,
    pub(super) clock: Clock,
    pub(super) abandoned_after: Millis,
    pub(super) suspect_on_failure: bool,
    /// Which failures count; `None` for all.
    pub(super) only: Option<Kinds>,
    pub(super) patience: Patience,
    pub(super) own: Arc<OwnDetectors>,
}

/// How a call ended, as its [`Classify`] says.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) kinds: Kinds,
    /// Of a failure.
    pub(super) causes: Kinds,
}

impl End {
    #[inline(always)]
    pub(super) fn of<T, E>(classify: &impl Classify<T, E>, result: Result<&T, &E>) -> Self {
        let (kinds, outcome) = (classify.kinds(result), classify.classify(result));
        let causes = match outcome {
            Outcome::Failure | Outcome::Lost => classify.causes(result),
            Outcome::Success | Outcome::Neutral => Kinds::NONE,
        };
        Self { outcome, kinds, causes }
    }
}

pub(super) struct Shared {
    settings: Settings,
    window: Window,
    /// The stamp of the last trip: one in each bucket's time is enough.
    tripped: AtomicU64,
    failures: Aggregate,
    refusals: Arc<Refusals>,
}

impl Shared {
    const NEVER: u64 = u64::MAX;

    pub(super) fn new(settings: Settings) -> Self {
        let member = settings.availability.name().clone();
        let failed = move |count| Event::CallsFailed { member: member.clone(), count };
        Self {
            window: Window::new(settings.thresholds.window()),
            tripped: AtomicU64::new(Self::NEVER),
            failures: Aggregate::new(settings.availability.events().clone(), failed),
            refusals: Arc::new(Refusals::new(settings.patience)),
            settings,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn own(&self) -> &OwnDetectors {
        &self.settings.own
    }

    pub(super) fn refusals(&self) -> &Arc<Refusals> {
        &self.refusals
    }

    pub(super) fn counts(&self) -> Counts {
        self.window.counts(self.settings.availability.gate().epoch, self.settings.clock.now())
    }

    /// What a call that is made now belongs to.
    #[inline]
    pub(super) fn epoch(&self) -> Epoch {
        self.settings.availability.gate().epoch
    }

    /// A call of this epoch has been made just now.
    #[inline]
    pub(super) fn begin(&self, epoch: Epoch) -> (Epoch, Millis) {
        (epoch, self.settings.clock.now())
    }

    /// What is to be made of a call that was given up: waiting in vain for long is a failure.
    pub(super) fn abandoned(&self, started: Millis) -> Outcome {
        let waited = self.settings.clock.now().saturating_sub(started);
        if waited > self.settings.abandoned_after { Outcome::Failure } else { Outcome::Neutral }
    }

    /// A call ended. One of an older epoch counts for nothing (B10).
    #[inline]
    pub(super) fn settle(&self, (epoch, started): (Epoch, Millis), end: End) {
        let End { outcome, kinds, .. } = end;
        let gate = self.settings.availability.gate();
        if gate.epoch != epoch {
            return;
        }
        let now = self.settings.clock.now();
        // Nearly every call: one that only has to be counted is not asked the rest.
        if outcome == Outcome::Success && !gate.wants_outcomes() && kinds.is_empty() && !self.own().any() {
            self.window.record(epoch, now, true);
            return;
        }
        self.settle_closely(gate, started, now, end);
    }

    /// Of a call that was no plain success.
    fn settle_closely(&self, gate: Gate, started: Millis, now: Millis, end: End) {
        let (epoch, End { outcome, kinds, causes }) = (gate.epoch, end);
        let outcome = if outcome == Outcome::Lost { self.lost() } else { outcome };
        let counted = if outcome == Outcome::Failure { self.counted(causes) } else { outcome };
        if counted != Outcome::Neutral {
            self.window.record(epoch, now, counted == Outcome::Success);
        }
        if gate.wants_outcomes() || outcome == Outcome::Failure {
            self.tell(gate, outcome);
        }
        if counted == Outcome::Failure {
            self.look_at_window(epoch, now);
        }
        if self.own().any() {
            let took = Duration::from_millis(now.saturating_sub(started));
            self.ask_own(&Observation { outcome, causes, epoch, at: now, took });
        }
        if !kinds.is_empty() {
            self.look_at(kinds, outcome, epoch, now);
        }
    }

    /// What a failure of these kinds counts for in the window. A failure it is all the same.
    #[cold]
    fn counted(&self, causes: Kinds) -> Outcome {
        match self.settings.only {
            Some(only) if only.and(causes).is_empty() => Outcome::Neutral,
            _ => Outcome::Failure,
        }
    }

    /// One connection that is lost under a thousand calls is one failure: the member may live, as a probe finds out.
    #[cold]
    fn lost(&self) -> Outcome {
        self.failure_if(self.settings.availability.is_first_loss())
    }

    /// As many connections that are lost at once under a call each. One that was lost before a probe that has passed
    /// is no failure of the member's at all.
    #[cold]
    pub(super) fn lost_beside(&self, sent: ProbeMark) -> Outcome {
        let availability = &self.settings.availability;
        self.failure_if(!availability.traffic().passed_since(sent) && availability.is_first_loss_beside())
    }

    /// What a call that has failed counts for.
    fn failure_if(&self, is_the_members: bool) -> Outcome {
        if is_the_members {
            return Outcome::Failure;
        }
        self.failures.happened();
        Outcome::Neutral
    }

    /// Of what it refuses, and what it serves after it refused it (B59).
    #[cold]
    fn look_at(&self, kinds: Kinds, outcome: Outcome, epoch: Epoch, now: Millis) {
        let availability = &self.settings.availability;
        if Arc::strong_count(&self.refusals) == 1 {
            // Nobody would tell when they are served again.
            return;
        }
        match outcome {
            Outcome::Success => self.refusals.served(kinds, now),
            Outcome::Failure if self.refusals.refused(kinds, epoch, now) => {
                availability.signal(Signal::Trip { epoch, reason: OpenReason::Unserviceable });
            }
            Outcome::Failure => availability.wants_another_connection(),
            Outcome::Lost | Outcome::Neutral => {}
        }
    }

    #[cold]
    fn tell(&self, gate: Gate, outcome: Outcome) {
        let availability = &self.settings.availability;
        let epoch = gate.epoch;
        if gate.wants_outcomes() && outcome != Outcome::Neutral {
            availability.signal(Signal::Outcome { epoch, success: outcome == Outcome::Success });
        }
        if outcome != Outcome::Failure {
            return;
        }
        self.failures.happened();
        if self.settings.suspect_on_failure {
            availability.suspect();
        }
    }

    #[cold]
    fn look_at_window(&self, epoch: Epoch, now: Millis) {
        if self.settings.thresholds.is_passed(self.window.counts(epoch, now)) {
            self.trip(epoch, now);
        }
    }

    #[cold]
    fn ask_own(&self, observation: &Observation) {
        let availability = &self.settings.availability;
        let tripped = self.own().trip(observation, |name| {
            let what = format!("failure detector {name} of {}", availability.name());
            availability.events().emit(Event::Panicked { what: what.into() });
        });
        if tripped {
            self.trip(observation.epoch, observation.at);
        }
    }

    /// Says so once; again only if the circuit is still in this epoch when the next bucket begins, as one that
    /// waits for `down_after` may be.
    fn trip(&self, epoch: Epoch, now: Millis) {
        let stamp = self.window.stamp(epoch, now).number();
        if self.tripped.swap(stamp, Ordering::Relaxed) != stamp {
            self.settings.availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
        }
    }
}
