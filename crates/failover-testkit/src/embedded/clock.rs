//! Wall-clock times that follow tokio's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Converts between instants and unix times; on a paused clock, both stand still together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    started_unix: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        let started_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_unix }
    }

    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn unix(&self) -> Duration {
        self.started_unix + self.uptime()
    }

    /// The instant of a unix time, or the start if it was before; none if it is too far to be told.
    pub(super) fn instant(&self, unix: Duration) -> Option<Instant> {
        self.started.checked_add(unix.saturating_sub(self.started_unix))
    }
}
