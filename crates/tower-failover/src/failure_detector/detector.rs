//! Detectors of the user's own (B16).

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::time::Duration;

use super::limited::Limited;
use super::shared::{End, Shared};
use super::window::Counts;
use crate::availability::{Epoch, ProbeMark};
use crate::classify::{Classify, Kinds, Outcome};
use crate::clock::Millis;

/// What a [`Detector`] sees of a call that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observation {
    /// What its end says about the member; never [`Lost`](Outcome::Lost): the first call of those that were lost
    /// together is a failure, and the others are neutral.
    pub outcome: Outcome,
    /// Of a failure, what kind of failure it is, as the [`Classify`] tells. None of a call that was given
    /// up.
    pub causes: Kinds,
    /// The epoch of the circuit. A detector that remembers should forget when it changes.
    pub epoch: Epoch,
    /// When it ended, in milliseconds of the detector's clock.
    pub at: Millis,
    /// How long it took, in whole milliseconds.
    pub took: Duration,
}

/// A failure detector of one's own. It observes and trips; it never gates.
///
/// Implemented by closures:
///
/// ```
/// use std::time::Duration;
/// use tower_failover::failure_detector::{Detector, Observation};
///
/// let too_slow = |observation: &Observation| observation.took > Duration::from_secs(2);
/// # fn is_detector(_: impl Detector) {}
/// # is_detector(too_slow);
/// ```
pub trait Detector: Send + Sync {
    /// Sees one call that ended in the present epoch, and says whether the circuit is to open.
    ///
    /// Called from the tasks of the calls, at the same time from several, and never under a lock. A detector that
    /// panics is not asked again.
    fn trips(&self, observation: &Observation) -> bool;

    /// Limits it to failures of these kinds; others it does not see (B16).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_failover::failure_detector::{Detector, FailureRate};
    /// use tower_failover::{Kinds, Thresholds};
    ///
    /// # fn main() -> Result<(), tower_failover::failure_detector::InvalidThresholds> {
    /// /// As the classifier of this application numbers them.
    /// const TIMED_OUT: Kinds = Kinds::number(2);
    ///
    /// let five_timeouts = Thresholds::new(5, 0.0, Duration::from_secs(1))?;
    /// let detector = FailureRate::new(five_timeouts).only(TIMED_OUT);
    /// # fn is_detector(_: impl Detector) {}
    /// # is_detector(detector);
    /// # Ok(()) }
    /// ```
    fn only(self, kinds: Kinds) -> Limited<Self>
    where
        Self: Sized,
    {
        Limited::new(self, kinds)
    }
}

impl<F> Detector for F
where
    F: Fn(&Observation) -> bool + Send + Sync,
{
    fn trips(&self, observation: &Observation) -> bool {
        self(observation)
    }
}

/// What watches one member's calls: the counts of the failure detector, and the detectors added to it.
///
/// # Clone
/// Clones are handles to the same detectors.
#[derive(Clone)]
pub struct Detectors {
    shared: Arc<Shared>,
}

impl Detectors {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a detector, which sees the calls that end from now on.
    pub fn add<D: Detector + 'static>(&self, detector: D) {
        self.shared.own().add(detector);
    }

    /// The calls that ended within the window, in the present epoch of the circuit.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// A call is made now that does not pass through the layer, but is to count all the same; what it ends with has to be
    /// [told](CallBeside::end).
    pub fn begin(&self) -> CallBeside {
        let sent = self.shared.settings().availability.traffic().mark();
        CallBeside { epoch: self.shared.epoch(), sent, shared: Arc::clone(&self.shared) }
    }
}

/// A call that does not pass through the layer, on a connection of its own; made by [`Detectors::begin`].
///
/// If it is lost with its connection, a probe finds out whether that alone is to blame (B17): until then, however many
/// such calls are lost, they are one failure. If a probe that began later than the call has passed, it counts for nothing.
/// Where nobody asks the member on suspicion, each is a failure.
///
/// Dropping it without telling its end counts nothing.
#[must_use = "it counts only if its end is told"]
pub struct CallBeside {
    shared: Arc<Shared>,
    epoch: Epoch,
    sent: ProbeMark,
}

impl CallBeside {
    /// It has ended with this, and counts as if it had taken no time. It is charged to the epoch of the circuit that it
    /// was made in.
    pub fn end<T, E>(self, classify: &impl Classify<T, E>, result: Result<&T, &E>) {
        let mut end = End::of(classify, result);
        if end.outcome == Outcome::Lost {
            end.outcome = self.shared.lost_beside(self.sent);
        }
        self.shared.settle(self.shared.begin(self.epoch), end);
    }
}

impl fmt::Debug for CallBeside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBeside").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detectors").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// The detectors that were added. Asking whether there are any is one relaxed load.
#[derive(Default)]
pub(super) struct OwnDetectors {
    any: AtomicBool,
    list: RwLock<Arc<[Arc<OwnDetector>]>>,
}

struct OwnDetector {
    name: &'static str,
    disabled: AtomicBool,
    detector: Box<dyn Detector>,
}

impl OwnDetectors {
    pub(super) fn add<D: Detector + 'static>(&self, detector: D) {
        let own = Arc::new(OwnDetector {
            name: type_name::<D>(),
            disabled: AtomicBool::new(false),
            detector: Box::new(detector),
        });
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        *list = list.iter().cloned().chain([own]).collect();
        self.any.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Whether one of them trips. `panicked` hears the name of each that panics, once.
    pub(super) fn trip(&self, observation: &Observation, mut panicked: impl FnMut(&'static str)) -> bool {
        // A detector may add another one, so that none runs under the lock.
        let list = Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner));
        let mut tripped = false;
        for own in list.iter().filter(|own| !own.disabled.load(Ordering::Relaxed)) {
            // What it leaves broken is its own, and it is not asked again.
            match catch_unwind(AssertUnwindSafe(|| own.detector.trips(observation))) {
                Ok(trips) => tripped |= trips,
                Err(_) if !own.disabled.swap(true, Ordering::Relaxed) => panicked(own.name),
                Err(_) => {}
            }
        }
        tripped
    }
}
