//! Connections for calls that are to be replaced although the member lives.
//!
//! Either they died without a word: a router that forgot a connection, or a machine that slept, leaves one that nobody
//! has closed and that carries nothing. New connections work, so that probes pass and no verdict speaks against the
//! member (B57). Or the member answers on them that it cannot serve: its name may lead to one that can by now (B59).

use tokio::time::{Duration, Instant};

use super::{Availability, Changes, ProbeMark, ring_all};
use crate::clock::Millis;
use crate::sync::atomic::Ordering;

/// From one new connection to the next, as long as calls are refused.
const PACE: Duration = Duration::from_secs(1);

/// Whether a new connection is wanted, and by whom it can be made.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    watches: usize,
    wanted_at: Option<Instant>,
}

impl Renewal {
    /// Whether a new connection is to be made now.
    fn is_due(&mut self, now: Instant) -> bool {
        let paced = self.wanted_at.is_none_or(|at| now.saturating_duration_since(at) >= PACE);
        let is_due = self.watches > 0 && paced;
        if is_due {
            self.wanted_at = Some(now);
        }
        is_due
    }
}

/// A connection for calls, as whoever keeps it looks at it.
#[derive(Debug)]
pub struct ConnectionWatch {
    availability: Availability,
    begun: ProbeMark,
    changes: Changes,
}

/// Why a connection is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionTrouble {
    /// A call sent on it has waited for its whole limit, nothing was answered meanwhile, and a probe that began after
    /// the call was sent has passed. Noticed by a [`Deadline`](crate::Deadline) with a sweeper; or on a connection
    /// [beside](Availability::sent_beside), which whatever forgot it may have forgotten with this one.
    Silent,
    /// The member answered that it cannot serve. Calls wait until it is [settled](ConnectionWatch::settle) whether
    /// another connection can. Noticed by a [`FailureDetector`](crate::FailureDetector).
    Refused,
}

impl ConnectionWatch {
    /// Completes when the connection is to be replaced.
    ///
    /// # Cancellation
    /// Safe: a trouble lasts until it is settled, or the connection is replaced.
    pub async fn trouble(&mut self) -> ConnectionTrouble {
        loop {
            if self.availability.traffic().is_silent(self.begun) {
                return ConnectionTrouble::Silent;
            }
            if self.availability.cell.renewing.load(Ordering::Acquire) {
                return ConnectionTrouble::Refused;
            }
            self.changes.next().await;
        }
    }

    /// Calls run on a new connection now, or none could be made: nobody waits for it any more.
    pub fn settle(&self) {
        if self.availability.cell.renewing.swap(false, Ordering::AcqRel) {
            let listeners = self.availability.lock().live_listeners();
            ring_all(&listeners);
        }
    }
}

/// A call that was sent on a connection of its own. If it waits in vain, that says something of the others.
#[derive(Debug)]
#[must_use = "it says something only when it has waited"]
pub struct SentBeside {
    availability: Availability,
    sent: ProbeMark,
    answered_at: Millis,
}

impl SentBeside {
    /// It has waited for its whole limit. If nothing was answered on other connections meanwhile, and a probe that began
    /// after it was sent has passed, those connections are to be replaced.
    pub fn waited_in_vain(self) {
        self.availability.waited_in_vain(self.sent, self.answered_at);
    }
}

impl Drop for ConnectionWatch {
    fn drop(&mut self) {
        let mut state = self.availability.lock();
        state.renewal.watches -= 1;
        let is_last = state.renewal.watches == 0;
        drop(state);
        if is_last {
            self.settle();
        }
    }
}

impl Availability {
    /// A connection for calls to the member begins. Calls sent before this say nothing about it.
    #[must_use]
    pub fn watch_connection(&self) -> ConnectionWatch {
        // Listening comes before looking, so that no trouble falls in between.
        let changes = self.changes();
        self.lock().renewal.watches += 1;
        ConnectionWatch { availability: self.clone(), begun: self.traffic().connection_begins(), changes }
    }

    /// A call is sent now, on a connection of its own beside those that are watched.
    pub fn sent_beside(&self) -> SentBeside {
        let traffic = self.traffic();
        SentBeside { availability: self.clone(), sent: traffic.mark(), answered_at: traffic.answered_at() }
    }

    /// Whether a repeat is better made a little later: a probe is on its way (B17), or a new connection (B59).
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.is_suspected() || self.cell.renewing.load(Ordering::Acquire)
    }

    /// The member answered that it cannot serve: a new connection may lead to one that can (B59). At most one a
    /// second, and none where nobody makes connections.
    pub(crate) fn wants_another_connection(&self) {
        let mut state = self.lock();
        if state.renewal.is_due(Instant::now()) {
            // Under the lock, so that it is not left behind by the last watch as it goes.
            self.cell.renewing.store(true, Ordering::Release);
            let listeners = state.live_listeners();
            drop(state);
            tracing::debug!(member = %self.cell.name, "answers that it cannot serve, and is dialled anew");
            ring_all(&listeners);
        }
    }

    /// A call of this mark has waited since then for its whole limit.
    pub(crate) fn waited_in_vain(&self, sent: ProbeMark, since: Millis) {
        let traffic = self.traffic();
        let in_vain = traffic.answered_at() <= since && traffic.passed_since(sent);
        if in_vain && traffic.fell_silent(sent) {
            let listeners = self.lock().live_listeners();
            ring_all(&listeners);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::event::Events;

    async fn trouble(watch: &mut ConnectionWatch) -> Option<ConnectionTrouble> {
        timeout(Duration::from_millis(1), watch.trouble()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn b59_another_connection_is_wanted_once_a_second_and_waited_for_until_it_is_settled() {
        let availability = Availability::new("eu-west", Events::default());
        let mut watch = availability.watch_connection();
        assert_eq!(trouble(&mut watch).await, None);
        for _ in 0..3 {
            availability.wants_another_connection();
            assert!(availability.is_in_doubt() && !availability.is_suspected());
            assert_eq!(trouble(&mut watch).await, Some(ConnectionTrouble::Refused));
            watch.settle();
            assert!(!availability.is_in_doubt());
            availability.wants_another_connection();
            assert!(!availability.is_in_doubt(), "one has just been made");
            advance(PACE).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b57_a_call_beside_that_waits_in_vain_speaks_against_a_connection_that_answers_nothing_either() {
        for (answered, passed) in [(false, true), (true, true), (false, false)] {
            let availability = Availability::new("eu-west", Events::default());
            let mut watch = availability.watch_connection();
            let traffic = availability.traffic();
            traffic.answered(traffic.mark(), 100);
            let sent = availability.sent_beside();
            if answered {
                traffic.answered(traffic.mark(), 200);
            }
            let probe = traffic.probe_begins();
            if passed {
                traffic.probe_passed(probe);
            }
            sent.waited_in_vain();
            let expected = (passed && !answered).then_some(ConnectionTrouble::Silent);
            assert_eq!(trouble(&mut watch).await, expected, "answered: {answered}, passed: {passed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b59_nobody_waits_for_a_connection_that_nobody_makes() {
        let availability = Availability::new("eu-west", Events::default());
        availability.wants_another_connection();
        assert!(!availability.is_in_doubt(), "a service of one's own");

        let watch = availability.watch_connection();
        availability.wants_another_connection();
        drop(watch);
        assert!(!availability.is_in_doubt(), "its keeper is gone");
    }
}
