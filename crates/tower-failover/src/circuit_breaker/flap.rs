//! How often a member came back only to fail again (B39).

use tokio::time::{Duration, Instant};

use super::settings::CircuitSettings;

/// What the grace period is multiplied by.
#[derive(Debug)]
pub(super) struct Flaps {
    factor: u32,
    activated_at: Option<Instant>,
    opened_before: bool,
}

impl Flaps {
    pub(super) fn new() -> Self {
        Self { factor: 1, activated_at: None, opened_before: false }
    }

    /// The member became the active one.
    pub(super) fn activated(&mut self, now: Instant) {
        self.activated_at = Some(now);
    }

    /// The circuit opens after it was closed for so long: halves for every quiet window, doubles for a flap.
    ///
    /// The first opening of all is none: whoever starts on a member that dies has not come back to it.
    pub(super) fn opened(&mut self, closed_for: Duration, settings: &CircuitSettings, now: Instant) {
        let window = settings.flap_window;
        let quiet_windows = closed_for.as_nanos().checked_div(window.as_nanos()).unwrap_or(0);
        let halvings = u32::try_from(quiet_windows).unwrap_or(u32::MAX);
        self.factor = self.factor.checked_shr(halvings).unwrap_or(0).max(1);

        let activated_at = self.activated_at.take();
        let soon = activated_at.is_some_and(|at| now.saturating_duration_since(at) < window);
        if self.opened_before && soon {
            self.factor = self.factor.saturating_mul(2).min(settings.max_grace_factor);
        }
        self.opened_before = true;
    }

    pub(super) fn grace(&self, settings: &CircuitSettings) -> Duration {
        settings.grace_period.saturating_mul(self.factor)
    }
}
