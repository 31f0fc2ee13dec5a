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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    proptest! {
        /// Against what is left when every quiet window is gone through one by one.
        #[test]
        fn b39_the_grace_doubles_for_flaps_and_halves_for_quiet_windows(
            spells in prop::collection::vec((0_u64..3_000, any::<bool>()), 1..40),
            most in 1_u32..20,
        ) {
            let settings = CircuitSettings::default().flap_window(WINDOW).max_grace_factor(most);
            let (mut flaps, mut now) = (Flaps::new(), Instant::now());
            let mut factor = 1;
            for (number, (seconds, activated)) in spells.into_iter().enumerate() {
                let closed_for = Duration::from_secs(seconds);
                if activated {
                    flaps.activated(now);
                }
                now += closed_for;
                flaps.opened(closed_for, &settings, now);

                let mut left = closed_for;
                while left >= WINDOW {
                    factor = (factor / 2).max(1);
                    left -= WINDOW;
                }
                if activated && number > 0 && closed_for < WINDOW {
                    factor = (factor * 2).min(most);
                }
                prop_assert_eq!(flaps.grace(&settings), settings.grace_period * factor);
            }
        }
    }

    #[test]
    fn b39_without_a_flap_window_nothing_is_a_flap() {
        let settings = CircuitSettings::default().flap_window(Duration::ZERO);
        let (mut flaps, now) = (Flaps::new(), Instant::now());
        for _ in 0..3 {
            flaps.activated(now);
            flaps.opened(Duration::ZERO, &settings, now);
            assert_eq!(flaps.grace(&settings), settings.grace_period);
        }
    }
}
