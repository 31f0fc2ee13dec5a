//! Calls that were lost with their connections, and whether they are failures of the member's (B13).
//!
//! What calls share is lost once, and so is one failure. Connections that each carry one call, or those of a pool, may
//! be lost by the dozen at once while the member lives, as when an operator kills them; the first raises a suspicion,
//! and its probe tells (B17). Until it has, the others say nothing new.

use super::Availability;
use crate::sync::atomic::Ordering;

impl Availability {
    /// Whether a call that was lost with its connection is the first one of those that were lost together: with the
    /// connection of all, or as [beside](Self::is_first_loss_beside), where nobody tells of one.
    pub(crate) fn is_first_loss(&self) -> bool {
        self.traffic().is_first_loss().unwrap_or_else(|| self.is_first_loss_beside())
    }

    /// Whether a call that was lost with a connection of its own is the first one since a suspicion was last settled.
    /// Without a suspicion each is.
    pub(crate) fn is_first_loss_beside(&self) -> bool {
        let is_first = !self.cell.loss_counted.swap(true, Ordering::AcqRel);
        is_first || !self.is_suspected()
    }
}

#[cfg(test)]
mod tests {
    use crate::availability::{Availability, Suspicion};
    use crate::event::Events;

    /// Of three connections that are lost at once; the member is suspected before each is told, or after.
    fn three_lost(availability: &Availability, suspected_first: bool) -> [bool; 3] {
        [(); 3].map(|()| {
            if suspected_first {
                availability.suspect();
            }
            let is_first = availability.is_first_loss();
            availability.suspect();
            is_first
        })
    }

    #[tokio::test(start_paused = true)]
    async fn b13_connections_of_a_pool_that_are_lost_at_once_are_one_failure_until_a_probe_tells() {
        for suspected_first in [true, false] {
            let availability = Availability::new("eu-west", Events::default());
            let probes = availability.attach_probes(Suspicion::default());
            for _ in 0..2 {
                assert_eq!(three_lost(&availability, suspected_first), [true, false, false]);
                probes.suspicion_settled(None);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b13_where_nobody_asks_on_suspicion_each_lost_connection_counts() {
        let availability = Availability::new("eu-west", Events::default());
        assert_eq!(three_lost(&availability, true), [true; 3], "nobody asks at all");
        let _scheduled = availability.attach_probes(Suspicion::off());
        assert_eq!(three_lost(&availability, true), [true; 3]);
        let asking = availability.attach_probes(Suspicion::default());
        assert_eq!(three_lost(&availability, false), [true, false, false]);
        drop(asking);
        assert_eq!(three_lost(&availability, true), [true; 3]);
    }
}
