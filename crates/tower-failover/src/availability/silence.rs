//! Connections that died without a word: calls on them wait in vain, and the member lives.

use super::{Availability, Changes, ProbeMark, ring_all};
use crate::clock::Millis;

/// A connection for calls, as whoever keeps it looks at it.
///
/// A router that forgot a connection, or a machine that slept, leaves one that nobody has closed and that carries
/// nothing. New connections work, so that probes pass and no verdict speaks against the member: only a new connection
/// helps (B57).
#[derive(Debug)]
pub struct ConnectionWatch {
    availability: Availability,
    begun: ProbeMark,
    changes: Changes,
}

impl ConnectionWatch {
    /// Completes when the connection is to be given up: a call sent on it has waited for its whole limit, nothing was
    /// answered meanwhile, and a probe that began after the call was sent has passed.
    ///
    /// Noticed by a [`Deadline`](crate::Deadline) with a sweeper.
    ///
    /// # Cancellation
    /// Safe: a connection that fell silent stays so.
    pub async fn silent(&mut self) {
        while !self.availability.traffic().is_silent(self.begun) {
            self.changes.next().await;
        }
    }
}

impl Availability {
    /// A connection for calls to the member begins. Calls sent before this say nothing about it.
    #[must_use]
    pub fn watch_connection(&self) -> ConnectionWatch {
        // Listening comes before looking, so that no silence falls in between.
        let changes = self.changes();
        ConnectionWatch { availability: self.clone(), begun: self.traffic().connection_begins(), changes }
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
