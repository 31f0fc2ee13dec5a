//! Waiting until a member's view has changed.

use std::sync::Arc;

use super::Availability;
use crate::bell::Bell;

/// Hears of every change of one member's [`View`](super::View), but for a suspicion that begins.
///
/// Changes before this was made are not heard of, so look at the view first; those between two calls of
/// [`next`](Self::next) are not lost, and many of them are one.
#[derive(Debug)]
pub struct Changes {
    bell: Arc<Bell>,
}

impl Changes {
    /// Completes when something has changed since the last time this completed.
    ///
    /// # Cancellation
    /// Safe: a change that nobody waited for is told to the next call.
    pub async fn next(&mut self) {
        self.bell.rung().await;
    }
}

impl Availability {
    /// For waiting until [`view`](Self::view) says something else.
    ///
    /// ```
    /// use tower_failover::{Availability, Events, Finding, Signal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let availability = Availability::new("eu-west", Events::default());
    /// let mut changes = availability.changes();
    /// availability.signal(Signal::Verdict(Finding::healthy()));
    /// changes.next().await;
    /// # }
    /// ```
    #[must_use]
    pub fn changes(&self) -> Changes {
        let bell = Arc::new(Bell::default());
        self.listen(&bell);
        Changes { bell }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Events;

    #[test]
    fn b42_those_who_listened_leave_nothing_behind() {
        let availability = Availability::new("eu-west", Events::default());
        let _stays = availability.changes();
        (0..1000).for_each(|_| drop(availability.changes()));
        assert!(availability.lock().listeners.len() <= 2);
    }
}
