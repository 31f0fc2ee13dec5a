//! The state machine of one circuit: pure, driven by signals and by `now` alone.

#[cfg(test)]
mod tests;

use tokio::time::{Duration, Instant};

use super::flap::Flaps;
use super::settings::CircuitSettings;
use crate::availability::{
    CircuitState, CircuitStatus, Epoch, Finding, Machine, OpenReason, Phase, Signal, Verdict,
};

/// One circuit.
///
/// One signal makes at most one transition, so that every transition is seen and announced. What time alone does is
/// due at [`CircuitStatus::next_change_at`] and done by the next signal, whatever it is.
#[derive(Debug)]
pub(super) struct CircuitMachine {
    settings: CircuitSettings,
    status: CircuitStatus,
    state: State,
    checked: bool,
    /// No grace is needed before the circuit is next tried (B58).
    waived: bool,
    /// It was tried since it was last closed. A member that failed that has earned its grace.
    tried: bool,
    /// A stall was taken out of the present doubt, or the present trial, already.
    excused: bool,
    flaps: Flaps,
}

/// Whoever drives a circuit ticks when it is due. If it is looked at later than this, nobody could look: we stood
/// still (B57).
const STALL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum State {
    Closed {
        doubt: Option<Doubt>,
    },
    Open {
        healthy_since: Option<Instant>,
        held: Option<Held>,
    },
    /// Whoever waits for calls is not tried before the first one comes.
    HalfOpen {
        tried_since: Option<Instant>,
        round_answered: bool,
        trials: u32,
        successes: u32,
    },
}

/// A failure that waits for `down_after`.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    since: Instant,
    reason: OpenReason,
}

/// Held open by hand.
#[derive(Debug, Clone, Copy)]
struct Held {
    until: Option<Instant>,
}

impl CircuitMachine {
    /// A closed circuit that goes on from this epoch.
    pub(super) fn new(settings: CircuitSettings, epoch: Epoch, now: Instant) -> Self {
        Self {
            settings,
            status: CircuitStatus { epoch, ..CircuitStatus::closed(now) },
            state: State::Closed { doubt: None },
            checked: false,
            waived: false,
            tried: false,
            excused: false,
            flaps: Flaps::new(),
        }
    }

    fn take(&mut self, signal: &Signal, now: Instant) {
        let current = self.status.epoch;
        match *signal {
            // Whatever else it answers meanwhile, these refusals have lasted for long enough already (B59).
            Signal::Trip { epoch, reason: reason @ OpenReason::Unserviceable }
                if epoch == current && self.status.state == CircuitState::Closed =>
            {
                self.open(Some(reason), now);
            }
            Signal::Trip { epoch, reason } if epoch == current => self.failed(reason, now),
            Signal::Outcome { epoch, success } if epoch == current => self.call_ended(success, now),
            Signal::TrialEnded { epoch } if epoch == current => self.trial_ended(),
            Signal::Verdict(ref finding) => self.judged(finding, now),
            Signal::ProbeFailed => self.health_broke(),
            Signal::Force { until, drill } if !(drill && self.is_forced_in_earnest()) => {
                let reason = if drill { OpenReason::Drill } else { OpenReason::Forced };
                self.enter(
                    State::Open { healthy_since: None, held: Some(Held { until }) },
                    Some(reason),
                    now,
                );
            }
            Signal::Release => self.release(),
            Signal::Close if !self.status.forced => self.close(now),
            Signal::Activated => self.flaps.activated(now),
            Signal::WaiveGrace => self.waived = self.status.state != CircuitState::Closed && !self.tried,
            // Of an older epoch, void while forced open, or time alone.
            Signal::Force { .. }
            | Signal::Trip { .. }
            | Signal::Outcome { .. }
            | Signal::TrialEnded { .. }
            | Signal::Close
            | Signal::Tick => {}
        }
    }

    /// A drill does not end what is held open until it is released.
    fn is_forced_in_earnest(&self) -> bool {
        self.status.forced && self.status.reason == Some(OpenReason::Forced)
    }

    /// Not preferred, or behind, is alive. Unknown neither breaks nor proves health: it says nothing about the member.
    fn judged(&mut self, finding: &Finding, now: Instant) {
        match finding.verdict {
            Verdict::Healthy | Verdict::NotPreferred => self.proved_alive(now),
            Verdict::Unhealthy if !finding.is_failure() => self.proved_alive(now),
            Verdict::Unhealthy if finding.on_suspicion => self.failed(OpenReason::Suspicion, now),
            Verdict::Unhealthy => self.failed(OpenReason::HealthCheck, now),
            Verdict::Unknown => {
                if let State::HalfOpen { round_answered, .. } = &mut self.state {
                    // The schedule's next round, or the deadline, settles it.
                    *round_answered = true;
                }
            }
        }
    }

    fn proved_alive(&mut self, now: Instant) {
        match &mut self.state {
            State::Closed { doubt } => {
                *doubt = None;
                self.excused = false;
            }
            State::Open { healthy_since, .. } => *healthy_since = healthy_since.or(Some(now)),
            State::HalfOpen { .. } => self.close(now),
        }
    }

    fn failed(&mut self, reason: OpenReason, now: Instant) {
        match &mut self.state {
            State::Closed { doubt } => *doubt = doubt.or(Some(Doubt { since: now, reason })),
            State::Open { .. } => self.health_broke(),
            State::HalfOpen { .. } => self.open(Some(reason), now),
        }
    }

    fn call_ended(&mut self, success: bool, now: Instant) {
        match &mut self.state {
            State::Closed { .. } if success => self.proved_alive(now),
            State::HalfOpen { tried_since, successes, .. } if success => {
                tried_since.get_or_insert(now);
                *successes += 1;
                if *successes >= self.settings.trial_calls {
                    self.close(now);
                }
            }
            State::HalfOpen { .. } => self.open(Some(OpenReason::FailureDetector), now),
            State::Closed { .. } | State::Open { .. } => {}
        }
    }

    fn trial_ended(&mut self) {
        if let State::HalfOpen { trials, .. } = &mut self.state {
            *trials = trials.saturating_sub(1);
        }
    }

    fn health_broke(&mut self) {
        if let State::Open { healthy_since, .. } = &mut self.state {
            *healthy_since = None;
        }
    }

    fn release(&mut self) {
        if let State::Open { held, .. } = &mut self.state {
            *held = None;
        }
    }

    fn open(&mut self, reason: Option<OpenReason>, now: Instant) {
        let closed_for = match self.state {
            State::Closed { .. } => now.saturating_duration_since(self.status.since),
            State::Open { .. } | State::HalfOpen { .. } => Duration::ZERO,
        };
        self.flaps.opened(closed_for, &self.settings, now);
        self.enter(State::Open { healthy_since: None, held: None }, reason, now);
    }

    fn half_open(&mut self, now: Instant) {
        // One attempt without grace, whoever says again that it is none of the member's fault.
        self.waived = false;
        self.tried = true;
        let tried_since = self.checked.then_some(now);
        let untried = State::HalfOpen { tried_since, round_answered: false, trials: 0, successes: 0 };
        self.enter(untried, self.status.reason, now);
    }

    fn close(&mut self, now: Instant) {
        self.waived = false;
        self.tried = false;
        self.enter(State::Closed { doubt: None }, None, now);
    }

    fn enter(&mut self, state: State, reason: Option<OpenReason>, now: Instant) {
        self.state = state;
        self.excused = false;
        self.status.epoch = self.status.epoch.next();
        self.status.since = now;
        self.status.reason = reason;
    }

    /// When time alone changes something; `None` for never.
    fn due(&self) -> Option<Instant> {
        match self.state {
            State::Closed { doubt } => doubt?.since.checked_add(self.settings.down_after),
            State::Open { held: Some(held), .. } => held.until,
            State::Open { healthy_since, held: None } => {
                let grace_began = if self.checked { healthy_since? } else { self.status.since };
                let grace = if self.waived { Duration::ZERO } else { self.flaps.grace(&self.settings) };
                grace_began.checked_add(grace)
            }
            State::HalfOpen { tried_since, .. } => tried_since?.checked_add(self.settings.half_open_timeout),
        }
    }

    /// Does what is due by now.
    fn advance(&mut self, now: Instant) {
        let Some(due) = self.due().filter(|due| *due <= now) else { return };
        if now.saturating_duration_since(due) > STALL && self.excuse(now) {
            return;
        }
        match self.state {
            State::Closed { doubt } => self.open(doubt.map(|doubt| doubt.reason), now),
            State::Open { held: Some(_), .. } => {
                self.release();
                self.advance(now);
            }
            State::Open { held: None, .. } => self.half_open(now),
            State::HalfOpen { .. } => self.open(self.status.reason, now),
        }
    }

    /// A stall is no time in which a failure held, or nobody proved health: both begin anew, once. The grace period
    /// ends however late that is noticed, because a full round of checks follows it.
    fn excuse(&mut self, now: Instant) -> bool {
        let since = match &mut self.state {
            _ if self.excused => return false,
            State::Closed { doubt: Some(doubt) } => &mut doubt.since,
            State::HalfOpen { tried_since: Some(since), .. } => since,
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => return false,
        };
        *since = now;
        self.excused = true;
        true
    }

    /// Writes down what the state means for everybody else.
    fn describe(&mut self) {
        let (state, phase) = match self.state {
            State::Closed { doubt: None } => (CircuitState::Closed, Phase::Admit),
            State::Closed { doubt: Some(_) } => (CircuitState::Closed, Phase::Watch),
            State::Open { .. } => (CircuitState::Open, Phase::Refuse),
            State::HalfOpen { .. } if self.checked => (CircuitState::HalfOpen, Phase::Refuse),
            State::HalfOpen { .. } => (CircuitState::HalfOpen, Phase::Trial),
        };
        self.status.state = state;
        self.status.phase = phase;
        self.status.forced = matches!(self.state, State::Open { held: Some(_), .. });
        self.status.next_change_at = self.due();
        self.status.wants_round =
            self.checked && matches!(self.state, State::HalfOpen { round_answered: false, .. });
        self.status.free_trials = match self.state {
            State::HalfOpen { trials, successes, .. } if !self.checked => {
                self.settings.trial_calls.saturating_sub(trials + successes)
            }
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => 0,
        };
    }
}

impl Machine for CircuitMachine {
    fn apply(&mut self, signal: &Signal, checked: bool, now: Instant) {
        let before = self.status.epoch;
        self.checked = checked;
        if let State::HalfOpen { tried_since, .. } = &mut self.state
            && checked
        {
            tried_since.get_or_insert(now);
        }
        self.take(signal, now);
        if self.status.epoch == before {
            self.advance(now);
        }
        self.describe();
    }

    fn try_trial(&mut self, now: Instant) -> Option<Epoch> {
        if self.status.free_trials == 0 {
            return None;
        }
        if let State::HalfOpen { tried_since, trials, .. } = &mut self.state {
            tried_since.get_or_insert(now);
            *trials += 1;
        }
        self.describe();
        Some(self.status.epoch)
    }

    fn status(&self) -> &CircuitStatus {
        &self.status
    }
}
