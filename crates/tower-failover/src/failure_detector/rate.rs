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
