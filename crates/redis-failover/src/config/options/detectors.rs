//! Failure detectors of one's own, before it is known which databases have them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tower_failover::failure_detector::{Detector, Detectors};
use tower_failover::{Availability, Event};

/// Makes a detector for each database.
///
/// # Clone
/// Clones make the same kind of detector.
#[derive(Clone)]
pub(crate) struct MakeDetector(Arc<dyn Fn(&Detectors) + Send + Sync>);

impl MakeDetector {
    pub(crate) fn new<D: Detector + 'static>(make: impl Fn() -> D + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |detectors| detectors.add(make())))
    }

    /// Adds one to a database's. If it cannot be made for a panic, the database does without.
    pub(crate) fn to(&self, detectors: &Detectors, availability: &Availability) {
        // What a panic leaves broken is the maker's own.
        if catch_unwind(AssertUnwindSafe(|| (self.0)(detectors))).is_err() {
            let what = format!("maker of a failure detector for {}", availability.name());
            availability.events().emit(Event::Panicked { what: what.into() });
        }
    }
}
