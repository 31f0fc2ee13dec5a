//! Which calls `close` waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Shared;
use crate::error::Error;

/// Counts a call as in flight until it is dropped, however it ends.
pub(super) struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    pub(super) fn enter(shared: &'a Arc<Shared>) -> Result<InFlight<'a>, Error> {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        let call = InFlight(shared);
        // Looked at after the count went up: `close` either sees this call or is seen by it.
        if shared.closed.load(Ordering::SeqCst) { Err(Error::Closed) } else { Ok(call) }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.closed.load(Ordering::SeqCst) {
            // It may have started them after `close` had looked.
            self.0.end();
            self.0.idle.notify_waiters();
        }
    }
}
