//! A detector that sees failures of some kinds alone (B16).

use super::detector::{Detector, Observation};
use crate::classify::{Kinds, Outcome};

/// See [`Detector::only`].
///
/// # Clone
/// Clones the detector.
#[derive(Debug, Clone)]
pub struct Limited<D> {
    detector: D,
    kinds: Kinds,
}

impl<D> Limited<D> {
    pub(super) fn new(detector: D, kinds: Kinds) -> Self {
        Self { detector, kinds }
    }
}

impl<D: Detector> Detector for Limited<D> {
    fn trips(&self, observation: &Observation) -> bool {
        let is_other =
            observation.outcome == Outcome::Failure && observation.causes.and(self.kinds).is_empty();
        !is_other && self.detector.trips(observation)
    }
}
