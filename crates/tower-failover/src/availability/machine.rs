//! The place of a circuit breaker's state machine within a member's cell.

use tokio::time::Instant;

use super::gate::{Epoch, Gate, Phase};
use super::signal::{OpenReason, Signal};

/// The state of a circuit, in the words everybody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// Being tried: a round of checks, or a few trial calls, decide.
    HalfOpen,
}

impl CircuitState {
    /// Its name in snapshots.
    ///
    /// ```
    /// use tower_failover::availability::CircuitState;
    ///
    /// assert_eq!(CircuitState::HalfOpen.as_str(), "half_open");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What a circuit says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitStatus {
    /// Its state.
    pub state: CircuitState,
    /// Advances at every transition, and when the circuit is closed anew.
    pub epoch: Epoch,
    /// What the hot path does.
    pub phase: Phase,
    /// Why it is not closed.
    pub reason: Option<OpenReason>,
    /// Since when it is in this state.
    pub since: Instant,
    /// Whether it is held open by hand.
    pub forced: bool,
    /// When it wants a [`Signal::Tick`]: at once, if that is past. What a machine of one's own still wants then is not
    /// ticked for again before the next signal.
    pub next_change_at: Option<Instant>,
    /// Whether it wants one full round of checks now.
    pub wants_round: bool,
    /// How many more trial calls it would admit now.
    pub free_trials: u32,
}

impl CircuitStatus {
    /// A circuit that was never anything but closed; also what a member without a breaker has.
    #[must_use]
    pub fn closed(since: Instant) -> Self {
        Self {
            state: CircuitState::Closed,
            epoch: Epoch::default(),
            phase: Phase::Admit,
            reason: None,
            since,
            forced: false,
            next_change_at: None,
            wants_round: false,
            free_trials: 0,
        }
    }

    pub(super) fn gate(&self) -> Gate {
        Gate { epoch: self.epoch, phase: self.phase }
    }
}

/// A circuit breaker's state machine: pure, driven by signals and by `now` alone.
///
/// One of one's own is put before a member by [`Circuit::own`](crate::Circuit::own). Its epoch advances with every change
/// of state or phase, and what carries another epoch than its own counts for nothing (B10). It opens and closes by hand
/// as [`Signal::Force`], [`Signal::Release`] and [`Signal::Close`] say.
///
/// It lives inside the member's [`Availability`](super::Availability), which calls it under its lock and announces
/// what changed after unlocking: an implementation must neither block nor call back.
pub trait Machine: Send {
    /// Takes one signal. `checked` says whether health checks run for the member.
    fn apply(&mut self, signal: &Signal, checked: bool, now: Instant);

    /// Takes a trial slot, if the circuit is half-open and one is free.
    fn try_trial(&mut self, now: Instant) -> Option<Epoch>;

    /// What it says of itself.
    fn status(&self) -> &CircuitStatus;
}
