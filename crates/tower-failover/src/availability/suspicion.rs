//! Suspicion: a member may have died, so ask it now (B17).

use tokio::time::Duration;

/// When a member is suspected, and how long it then has to answer.
///
/// A thousand failures in two seconds need five hundred failing calls a second, so a small service would never trip
/// its failure detector. Silence and broken connections therefore start one immediate probe. A failed one makes the
/// member unhealthy at once; a passed one changes nothing.
///
/// ```
/// use std::time::Duration;
/// use tower_failover::Suspicion;
///
/// let patient = Suspicion { timeout: Duration::from_secs(2), ..Suspicion::default() };
/// assert_eq!(patient.after, Duration::from_millis(100));
/// assert!(Suspicion::off().is_off());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspicion {
    /// How long a member may answer nothing while calls are in flight (`suspect_after`, default 100 ms). Eight
    /// smoothed round trips of its probes, if that is more.
    pub after: Duration,
    /// How long the probe may take (`suspicion_timeout`, default 1 s). Eight smoothed round trips, if that is more.
    pub timeout: Duration,
    /// How long after a passed probe the next one may begin (default 250 ms).
    pub spacing: Duration,
}

impl Default for Suspicion {
    fn default() -> Self {
        Self {
            after: Duration::from_millis(100),
            timeout: Duration::from_secs(1),
            spacing: Duration::from_millis(250),
        }
    }
}

impl Suspicion {
    /// Smoothed round trips that a member may take before it is suspected, and that a probe may take.
    const ROUND_TRIPS: u32 = 8;

    /// Half a second for the probe: moves sooner, and leaves a member that stalls for longer than that.
    #[must_use]
    pub fn fast() -> Self {
        Self { timeout: Duration::from_millis(500), ..Self::default() }
    }

    /// Nothing is suspected: only scheduled checks and the failure detector decide.
    #[must_use]
    pub fn off() -> Self {
        Self { after: Duration::MAX, ..Self::default() }
    }

    /// Whether nothing is ever suspected.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.after == Duration::MAX
    }

    /// [`after`](Self::after), for a member with this smoothed round trip.
    #[must_use]
    pub fn after_for(&self, round_trip: Duration) -> Duration {
        self.after.max(round_trip.saturating_mul(Self::ROUND_TRIPS))
    }

    /// [`timeout`](Self::timeout), for a member with this smoothed round trip.
    #[must_use]
    pub fn timeout_for(&self, round_trip: Duration) -> Duration {
        self.timeout.max(round_trip.saturating_mul(Self::ROUND_TRIPS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b17_a_member_far_away_is_suspected_later_and_its_probe_may_take_longer() {
        let suspicion = Suspicion::default();
        let (near, far) = (Duration::from_millis(1), Duration::from_secs(1));
        assert_eq!(
            (suspicion.after_for(near), suspicion.timeout_for(near)),
            (suspicion.after, suspicion.timeout)
        );
        assert_eq!((suspicion.after_for(far), suspicion.timeout_for(far)), (8 * far, 8 * far));
    }

    #[test]
    fn b17_a_fast_suspicion_has_half_a_second_for_its_probe_and_one_that_is_off_never_begins() {
        let (usual, fast, off) = (Suspicion::default(), Suspicion::fast(), Suspicion::off());
        assert_eq!(fast, Suspicion { timeout: Duration::from_millis(500), ..usual });
        assert_eq!(off, Suspicion { after: Duration::MAX, ..usual });
        assert!(off.is_off() && !usual.is_off() && !fast.is_off());
    }
}
