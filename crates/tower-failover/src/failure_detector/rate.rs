//! A second detector that counts as the first does.

use std::fmt;

use super::detector::{Detector, Observation};
use super::threshold::Thresholds;
use super::window::Window;
use crate::classify::Outcome;

/// Trips when failures are too many within a window of its own: what every failure detector does by itself, for other
/// [`Thresholds`] beside those, or for failures of [some kinds](Detector::only).
pub struct FailureRate {
    thresholds: Thresholds,
    window: Window,
}

impl FailureRate {
    /// A detector with an empty window.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, window: Window::new(thresholds.window()) }
    }
}

impl Detector for FailureRate {
    fn trips(&self, observation: &Observation) -> bool {
        let Observation { outcome, epoch, at, .. } = *observation;
        if outcome == Outcome::Neutral {
            return false;
        }
        self.window.record(epoch, at, outcome == Outcome::Success);
        outcome == Outcome::Failure && self.thresholds.is_passed(self.window.counts(epoch, at))
    }
}

impl fmt::Debug for FailureRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureRate").field("thresholds", &self.thresholds).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Duration;

    use super::*;
    use crate::availability::Epoch;
    use crate::classify::Kinds;

    #[test]
    fn b16_a_second_rate_counts_successes_and_failures_in_a_window_of_its_own() {
        let rate = FailureRate::new(Thresholds::new(3, 0.5, Duration::from_secs(1)).expect("valid"));
        let ends = |outcome, at| {
            let (epoch, causes, took) = (Epoch::default(), Kinds::NONE, Duration::ZERO);
            rate.trips(&Observation { outcome, causes, epoch, at, took })
        };
        assert!(!ends(Outcome::Failure, 0) && !ends(Outcome::Failure, 100));
        assert!(!ends(Outcome::Neutral, 100), "neither counts nor trips");
        assert!(ends(Outcome::Failure, 200), "the third");
        assert!(!ends(Outcome::Success, 200), "too many have failed, but this one has not");
        assert!(!ends(Outcome::Failure, 1250), "the window has forgotten");
        for _ in 0..3 {
            ends(Outcome::Success, 1250);
        }
        assert!(!ends(Outcome::Failure, 1250), "two of five");
        assert!(ends(Outcome::Failure, 1250), "three of six");
    }

    #[test]
    fn b16_it_shows_what_it_was_set_to() {
        let thresholds = Thresholds::new(3, 0.5, Duration::from_secs(1)).expect("valid");
        let shown = format!("{:?}", FailureRate::new(thresholds));
        assert!(shown.starts_with("FailureRate") && shown.contains(&format!("{thresholds:?}")), "{shown}");
    }
}
