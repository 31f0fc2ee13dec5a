//! Which connections there are.

use std::collections::HashMap;

use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant};

use super::super::Dialled;

/// The idle connections, and how those in use are closed.
#[derive(Default)]
pub(super) struct Pool {
    /// The longest idle first.
    idle: Vec<(Dialled, Instant)>,
    leased: HashMap<u64, AbortHandle>,
    next_lease: u64,
    closed: bool,
}

impl Pool {
    /// The one that was used last, with the time since when it is idle.
    pub(super) fn take(&mut self) -> Option<(Dialled, Instant)> {
        self.idle.retain(|(dialled, _)| !dialled.is_over());
        self.idle.pop()
    }

    /// Returns the connection if it is not to be kept.
    pub(super) fn keep(&mut self, dialled: Dialled, now: Instant, maximum: usize) -> Option<Dialled> {
        if self.closed || self.idle.len() >= maximum {
            return Some(dialled);
        }
        self.idle.push((dialled, now));
        None
    }

    /// Notes a connection that is in use; `None` if nothing may be used any more.
    pub(super) fn lease(&mut self, closer: AbortHandle) -> Option<u64> {
        if self.closed {
            return None;
        }
        self.next_lease += 1;
        self.leased.insert(self.next_lease, closer);
        Some(self.next_lease)
    }

    pub(super) fn leased(&self) -> usize {
        self.leased.len()
    }

    pub(super) fn ended(&mut self, lease: u64) {
        self.leased.remove(&lease);
    }

    /// Those that were idle for too long, to be dropped outside the lock.
    pub(super) fn expired(&mut self, after: Duration) -> Vec<(Dialled, Instant)> {
        let expired = self.idle.iter().take_while(|(_, since)| since.elapsed() >= after).count();
        self.idle.drain(..expired).collect()
    }

    pub(super) fn oldest(&self) -> Option<Instant> {
        self.idle.first().map(|(_, since)| *since)
    }

    /// All that are idle, to be dropped outside the lock.
    pub(super) fn clear(&mut self) -> Vec<(Dialled, Instant)> {
        std::mem::take(&mut self.idle)
    }

    /// Closes all that are in use; there will be no others.
    pub(super) fn close(&mut self) -> Vec<(Dialled, Instant)> {
        self.closed = true;
        for (_, closer) in self.leased.drain() {
            closer.abort();
        }
        self.clear()
    }
}
