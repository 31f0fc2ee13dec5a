//! Which connections there are.

use std::collections::HashMap;

use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant};

use super::super::{Address, Dialled};

/// The idle connections, and how those in use are closed.
#[derive(Default)]
pub(super) struct Pool {
    /// The longest idle first.
    idle: Vec<Idle>,
    leased: HashMap<u64, AbortHandle>,
    next_lease: u64,
    closed: bool,
}

/// A connection that nobody uses.
pub(super) struct Idle {
    node: Address,
    dialled: Dialled,
    since: Instant,
}

impl Pool {
    /// Of those that lead there, the one that was used last, with the time since when it is idle.
    pub(super) fn take(&mut self, node: &Address) -> Option<(Dialled, Instant)> {
        self.idle.retain(|idle| !idle.dialled.is_over());
        let last = self.idle.iter().rposition(|idle| idle.node == *node)?;
        let Idle { dialled, since, .. } = self.idle.remove(last);
        Some((dialled, since))
    }

    /// Returns the connection if it is not to be kept.
    pub(super) fn keep(
        &mut self,
        node: &Address,
        dialled: Dialled,
        now: Instant,
        maximum: usize,
    ) -> Option<Dialled> {
        if self.closed || self.idle.len() >= maximum {
            return Some(dialled);
        }
        self.idle.push(Idle { node: node.clone(), dialled, since: now });
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
    pub(super) fn expired(&mut self, after: Duration) -> Vec<Idle> {
        let expired = self.idle.iter().take_while(|idle| idle.since.elapsed() >= after).count();
        self.idle.drain(..expired).collect()
    }

    pub(super) fn oldest(&self) -> Option<Instant> {
        self.idle.first().map(|idle| idle.since)
    }

    /// All that are idle, to be dropped outside the lock.
    pub(super) fn clear(&mut self) -> Vec<Idle> {
        std::mem::take(&mut self.idle)
    }

    /// Closes all that are in use; there will be no others.
    pub(super) fn close(&mut self) -> Vec<Idle> {
        self.closed = true;
        for (_, closer) in self.leased.drain() {
            closer.abort();
        }
        self.clear()
    }
}
