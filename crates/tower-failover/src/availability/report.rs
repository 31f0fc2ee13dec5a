//! What snapshots tell of a member.

use tokio::time::Instant;

use super::{Availability, LastError, View};

/// A member's cell at one moment.
pub(crate) struct Report {
    pub(crate) view: View,
    pub(crate) last_error: Option<LastError>,
    pub(crate) next_probe_at: Option<Instant>,
}

impl Availability {
    /// Its view, its last error and its next round, of one moment.
    pub(crate) fn report(&self) -> Report {
        let state = self.lock();
        Report {
            view: state.view(self.is_suspected()),
            last_error: state.against.last().cloned(),
            next_probe_at: state.next_probe_at,
        }
    }
}
