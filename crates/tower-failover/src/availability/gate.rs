//! What the hot path reads of a circuit: one word.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Counts the transitions of one circuit. What was admitted in one epoch counts for nothing in another (B10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Epoch(pub(crate) u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number of transitions so far.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a circuit does with a call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Closed: every call is admitted, and its outcome is counted by the detector alone.
    Admit,
    /// Closed, but a failure waits for `down_after`: calls are admitted, and outcomes are wanted.
    Watch,
    /// Half-open: a call must ask for a trial slot, and its outcome is wanted.
    Trial,
    /// Open: every call is refused.
    Refuse,
}

/// One look at a circuit: its epoch and what it does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gate {
    /// The circuit's epoch.
    pub epoch: Epoch,
    /// What is done with a call.
    pub phase: Phase,
}

impl Gate {
    /// Whether outcomes of calls are to be reported as [`Signal::Outcome`](super::Signal::Outcome).
    #[inline]
    #[must_use]
    pub fn wants_outcomes(self) -> bool {
        matches!(self.phase, Phase::Watch | Phase::Trial)
    }
}

/// The gate as one atomic word: the epoch above two bits of phase.
#[derive(Debug)]
pub(super) struct GateWord(AtomicU64);

impl GateWord {
    pub(super) fn new(gate: Gate) -> Self {
        Self(AtomicU64::new(pack(gate)))
    }

    #[inline]
    pub(super) fn load(&self) -> Gate {
        let word = self.0.load(Ordering::Acquire);
        let phase = match word & 0b11 {
            0 => Phase::Admit,
            1 => Phase::Watch,
            2 => Phase::Trial,
            _ => Phase::Refuse,
        };
        Gate { epoch: Epoch(word >> 2), phase }
    }

    pub(super) fn store(&self, gate: Gate) {
        self.0.store(pack(gate), Ordering::Release);
    }
}

fn pack(gate: Gate) -> u64 {
    let phase = match gate.phase {
        Phase::Admit => 0,
        Phase::Watch => 1,
        Phase::Trial => 2,
        Phase::Refuse => 3,
    };
    gate.epoch.0 << 2 | phase
}
