//! What is known of a member's answers: a few numbers that the hot path keeps.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Duration;

use crate::clock::Millis;

/// How many probes and connections had begun when something was sent; orders calls, probes and connections without
/// a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProbeMark(u64);

/// When a member last answered a call, and how long its probes take.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    answered_at: AtomicU64,
    answered_mark: AtomicU64,
    probes_begun: AtomicU64,
    passed_mark: AtomicU64,
    silent_mark: AtomicU64,
    connections_begun: AtomicU64,
    counted_loss: AtomicU64,
    round_trip_micros: AtomicU64,
}

impl Traffic {
    /// A probe begins; calls sent from now on carry a mark that is not less.
    pub(crate) fn probe_begins(&self) -> ProbeMark {
        ProbeMark(self.probes_begun.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// A connection for calls begins; calls sent on it from now on carry a mark that is not less.
    pub(super) fn connection_begins(&self) -> ProbeMark {
        self.connections_begun.fetch_add(1, Ordering::AcqRel);
        self.probe_begins()
    }

    /// Whether this is the first call that was lost with the present connection; `None` without anybody who tells of
    /// connections. Those of a connection that was replaced meanwhile may make two of one loss.
    pub(super) fn is_first_loss(&self) -> Option<bool> {
        let connection = self.connections_begun.load(Ordering::Acquire);
        (connection != 0).then(|| self.counted_loss.swap(connection, Ordering::AcqRel) != connection)
    }

    /// The mark of a call that is sent now.
    #[inline]
    pub(crate) fn mark(&self) -> ProbeMark {
        ProbeMark(self.probes_begun.load(Ordering::Acquire))
    }

    /// A call of this mark was answered. Written only when a number grows, so that callers that finish within the
    /// same tick share the cache line unharmed.
    #[inline]
    pub(crate) fn answered(&self, sent: ProbeMark, now: Millis) {
        raise(&self.answered_at, now);
        raise(&self.answered_mark, sent.0);
    }

    /// When the last answer came.
    pub(crate) fn answered_at(&self) -> Millis {
        self.answered_at.load(Ordering::Relaxed)
    }

    /// Whether a call that was sent after this probe began has been answered: then the member lives, whatever
    /// became of the probe (B20).
    pub(crate) fn answered_since(&self, probe: ProbeMark) -> bool {
        self.answered_mark.load(Ordering::Relaxed) >= probe.0
    }

    /// The member answered this probe itself.
    pub(crate) fn probe_passed(&self, probe: ProbeMark) {
        self.passed_mark.fetch_max(probe.0, Ordering::Relaxed);
    }

    /// Whether a probe that began after this was sent has passed.
    pub(crate) fn passed_since(&self, sent: ProbeMark) -> bool {
        self.passed_mark.load(Ordering::Relaxed) > sent.0
    }

    /// The connection that a call of this mark was sent on says nothing. Whether that is news.
    pub(super) fn fell_silent(&self, sent: ProbeMark) -> bool {
        // From 1, so that the calls before the first probe are told from none.
        self.silent_mark.fetch_max(sent.0 + 1, Ordering::AcqRel) <= sent.0
    }

    /// Whether a connection that began with this mark says nothing.
    pub(super) fn is_silent(&self, begun: ProbeMark) -> bool {
        self.silent_mark.load(Ordering::Acquire) > begun.0
    }

    /// The smoothed round trip of the member's probes; zero while none has passed.
    pub(crate) fn round_trip(&self) -> Duration {
        Duration::from_micros(self.round_trip_micros.load(Ordering::Relaxed))
    }

    /// Takes a probe's round trip into the smoothed one, with a weight of 1/8 as TCP does (RFC 6298).
    pub(crate) fn probe_took(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let _ = self.round_trip_micros.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |smoothed| {
            Some(if smoothed == 0 { took } else { smoothed - smoothed / 8 + took / 8 })
        });
    }
}

#[inline]
fn raise(number: &AtomicU64, to: u64) {
    if number.load(Ordering::Relaxed) < to {
        // Two callers may race here; the loser's number is at most one tick, or one probe, behind.
        number.store(to, Ordering::Relaxed);
    }
}
