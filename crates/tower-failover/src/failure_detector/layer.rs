//! The layer of the failure detector.

use std::fmt;
use std::sync::Arc;

use tokio::time::Duration;
use tower_layer::Layer;

use super::FailureDetector;
use super::detector::{Detector, Detectors, OwnDetectors};
use super::refusals::{Patience, Refusals};
use super::shared::{Settings, Shared};
use super::threshold::Thresholds;
use super::window::Counts;
use crate::availability::Availability;
use crate::classify::{ErrorsAreFailures, Kinds};
use crate::clock::{Clock, as_millis};
use crate::local::Local;

/// Puts a [`FailureDetector`] before a service.
///
/// The order of the settings does not matter, but settle them all before [`detectors`](Self::detectors) and
/// [`watched_kinds`](Self::watched_kinds) are asked for: a layer that is changed afterwards counts anew.
///
/// # Clone
/// Clones, and all services of one layer, count into the same window.
#[derive(Clone)]
pub struct FailureDetectorLayer<C = ErrorsAreFailures> {
    classify: C,
    shared: Arc<Shared>,
}

impl FailureDetectorLayer {
    /// Reports to `availability` by the default [`Thresholds`]; every error is a failure.
    #[must_use]
    pub fn new(availability: Availability) -> Self {
        let settings = Settings {
            availability,
            thresholds: Thresholds::default(),
            clock: Clock::precise(),
            abandoned_after: as_millis(Self::ABANDONED_AFTER),
            suspect_on_failure: true,
            only: None,
            patience: Patience {
                unserviceable_after: as_millis(Self::UNSERVICEABLE_AFTER),
                probation: as_millis(Self::PROBATION),
            },
            own: Arc::new(OwnDetectors::default()),
        };
        Self { classify: ErrorsAreFailures, shared: Arc::new(Shared::new(settings)) }
    }

    const ABANDONED_AFTER: Duration = Duration::from_millis(100);
    const UNSERVICEABLE_AFTER: Duration = Duration::from_secs(10);
    const PROBATION: Duration = Duration::from_secs(60);
}

impl<C> FailureDetectorLayer<C> {
    /// Trips by these thresholds.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        self.changed(|settings| settings.thresholds = thresholds)
    }

    /// Decides what the outcome of a call says about the member.
    #[must_use]
    pub fn classify<D>(self, classify: D) -> FailureDetectorLayer<D> {
        FailureDetectorLayer { classify, shared: self.shared }
    }

    /// Measures time by this clock, which is read twice for each call.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.changed(|settings| settings.clock = clock)
    }

    /// A call that its caller gives up after it has waited longer than this is a failure; one given up earlier says
    /// nothing (B14). Default 100 ms.
    #[must_use]
    pub fn abandoned_after(self, abandoned_after: Duration) -> Self {
        self.changed(|settings| settings.abandoned_after = as_millis(abandoned_after))
    }

    /// Whether every failure also raises a suspicion, so that the member is asked at once (B17). Default true.
    #[must_use]
    pub fn suspect_on_failure(self, suspect_on_failure: bool) -> Self {
        self.changed(|settings| settings.suspect_on_failure = suspect_on_failure)
    }

    /// Counts failures of these [kinds](crate::Classify::causes) alone towards the thresholds (B14). Default all. A call
    /// that is [given up](Self::abandoned_after) has no kind, and does not count then.
    ///
    /// A failure of another kind is one all the same: it is told, it raises a suspicion (B17), and a trial call that
    /// ends with it has failed. Detectors of one's own see it, unless they are [limited](Detector::only) too.
    #[must_use]
    pub fn only(self, kinds: Kinds) -> Self {
        self.changed(|settings| settings.only = Some(kinds))
    }

    /// How long the member may refuse requests of one [kind](crate::Classify::kinds), with none of them served in
    /// between, before its circuit opens, however few they are (B59). Default 10 s; zero opens it at the first.
    #[must_use]
    pub fn unserviceable_after(self, unserviceable_after: Duration) -> Self {
        self.changed(|settings| settings.patience.unserviceable_after = as_millis(unserviceable_after))
    }

    /// For how long after that, once it serves such requests again, the first refusal opens the circuit again: its
    /// grace period (B59). Default 60 s.
    #[must_use]
    pub fn probation(self, probation: Duration) -> Self {
        self.changed(|settings| settings.patience.probation = as_millis(probation))
    }

    /// Adds a detector of one's own (B16).
    #[must_use]
    pub fn watch<D: Detector + 'static>(self, detector: D) -> Self {
        self.shared.own().add(detector);
        self
    }

    /// A handle to add detectors while calls are running, and to read the counts.
    #[must_use]
    pub fn detectors(&self) -> Detectors {
        Detectors::new(Arc::clone(&self.shared))
    }

    /// A handle that tells of which kinds it is of interest whether they are served. Refusals are heeded as long as
    /// somebody has one.
    #[must_use]
    pub fn watched_kinds(&self) -> WatchedKinds {
        WatchedKinds { refusals: Arc::clone(self.shared.refusals()) }
    }

    /// The calls that ended within the window, in the present epoch of the circuit.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    fn changed(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings().clone();
        change(&mut settings);
        Self { classify: self.classify, shared: Arc::new(Shared::new(settings)) }
    }
}

impl<S, C: Clone> Layer<S> for FailureDetectorLayer<C> {
    type Service = FailureDetector<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        FailureDetector {
            inner,
            classify: self.classify.clone(),
            shared: Local::new(Arc::clone(&self.shared)),
        }
    }
}

impl<C> fmt::Debug for FailureDetectorLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.shared.settings();
        f.debug_struct("FailureDetectorLayer")
            .field("availability", &settings.availability)
            .field("thresholds", &settings.thresholds)
            .finish_non_exhaustive()
    }
}

/// The kinds of requests that the member refused and has not served since (B59).
///
/// To find out the kinds of a request takes time, so that [`Classify::kinds`](crate::Classify::kinds) need tell of a
/// success no others than these. While all is well there are none.
///
/// # Clone
/// Clones tell the same.
#[derive(Clone)]
pub struct WatchedKinds {
    refusals: Arc<Refusals>,
}

impl WatchedKinds {
    /// Those of now: one relaxed load.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Kinds {
        self.refusals.watched()
    }
}

impl fmt::Debug for WatchedKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchedKinds").field(&self.now()).finish()
    }
}
