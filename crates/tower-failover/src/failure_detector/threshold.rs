//! When failures are too many (B13).

use std::error::Error;
use std::fmt;

use tokio::time::Duration;

use super::window::{Counts, Window};

/// How many failures, within which time, open the circuit.
///
/// Both conditions must be met; 0 switches one off. The rate is failures / (failures + successes).
///
/// ```
/// # fn main() -> Result<(), tower_failover::failure_detector::InvalidThresholds> {
/// use std::time::Duration;
/// use tower_failover::Thresholds;
/// use tower_failover::failure_detector::Counts;
///
/// let thresholds = Thresholds::new(10, 0.5, Duration::from_secs(2))?;
/// assert!(!thresholds.is_passed(Counts { failures: 5, successes: 5 }));
/// assert!(thresholds.is_passed(Counts { failures: 10, successes: 5 }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    min_num_failures: u64,
    failure_rate_threshold: f64,
    failures_detection_window: Duration,
}

impl Default for Thresholds {
    /// 1000 failures that are a tenth of all calls, within 2 s: what the other clients with this feature have.
    fn default() -> Self {
        Self {
            min_num_failures: 1000,
            failure_rate_threshold: 0.1,
            failures_detection_window: Duration::from_secs(2),
        }
    }
}

impl Thresholds {
    /// At least `min_num_failures` that are at least `failure_rate_threshold` (a fraction, 0.1 is 10 %) of all
    /// calls within `failures_detection_window`.
    ///
    /// # Errors
    /// If both conditions are switched off, if the rate is no fraction, or if the window is shorter than 10 ms.
    pub fn new(
        min_num_failures: u64,
        failure_rate_threshold: f64,
        failures_detection_window: Duration,
    ) -> Result<Self, InvalidThresholds> {
        if !(0.0..=1.0).contains(&failure_rate_threshold) {
            return Err(InvalidThresholds::RateIsNoFraction);
        }
        if min_num_failures == 0 && failure_rate_threshold == 0.0 {
            return Err(InvalidThresholds::NoCondition);
        }
        if failures_detection_window < Window::SHORTEST {
            return Err(InvalidThresholds::WindowTooShort);
        }
        Ok(Self { min_num_failures, failure_rate_threshold, failures_detection_window })
    }

    /// Whether these are too many failures.
    #[must_use]
    pub fn is_passed(&self, counts: Counts) -> bool {
        let Counts { successes, failures } = counts;
        let rate = failures as f64 / failures.saturating_add(successes).max(1) as f64;
        failures >= self.min_num_failures && rate >= self.failure_rate_threshold
    }

    pub(super) fn window(&self) -> Duration {
        self.failures_detection_window
    }
}

/// Why [`Thresholds`] make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidThresholds {
    /// Both conditions are switched off, so that every call would open the circuit.
    NoCondition,
    /// The rate is not within 0 to 1; it is a fraction and not a percentage.
    RateIsNoFraction,
    /// The window has ten buckets of at least a millisecond.
    WindowTooShort,
}

impl fmt::Display for InvalidThresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCondition => "min_num_failures and failure_rate_threshold must not both be 0",
            Self::RateIsNoFraction => "failure_rate_threshold must be a fraction from 0 to 1",
            Self::WindowTooShort => "failures_detection_window must be at least 10 ms",
        })
    }
}

impl Error for InvalidThresholds {}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(2);

    fn passed(min_num_failures: u64, rate: f64, successes: u64, failures: u64) -> bool {
        Thresholds::new(min_num_failures, rate, WINDOW)
            .expect("valid thresholds")
            .is_passed(Counts { successes, failures })
    }

    #[test]
    fn b13_both_conditions_must_be_met() {
        assert!(!passed(10, 0.5, 5, 5), "half of the calls, but too few");
        assert!(passed(10, 0.5, 5, 10));
        assert!(!passed(10, 0.5, 1, 9), "nine in ten, but too few");
        assert!(!passed(10, 0.5, 100, 10), "enough, but one in eleven");
        assert!(!passed(3, 0.8, 1, 3));
        assert!(passed(3, 0.8, 1, 4));
    }

    #[test]
    fn b13_the_rate_is_that_of_all_calls() {
        for (min_num_failures, rate, expected) in
            [(2, 0.28, true), (2, 0.0, true), (0, 0.28, true), (3, 0.28, false), (2, 0.29, false)]
        {
            assert_eq!(passed(min_num_failures, rate, 5, 2), expected, "{min_num_failures}, {rate}");
        }
        assert!(passed(1000, 0.1, 9000, 1000), "exactly a tenth is enough");
    }

    #[test]
    fn b13_zero_switches_a_condition_off() {
        assert!(passed(5, 0.0, 100, 5));
        assert!(!passed(5, 0.0, 100, 4));
        assert!(passed(0, 0.5, 1, 1));
        assert!(!passed(0, 0.5, 0, 0), "no call is no failure");
    }

    #[test]
    fn b13_thresholds_that_make_no_sense_are_refused() {
        for (min_num_failures, rate, window, expected) in [
            (0, 0.0, WINDOW, InvalidThresholds::NoCondition),
            (1, -0.1, WINDOW, InvalidThresholds::RateIsNoFraction),
            (1, 10.0, WINDOW, InvalidThresholds::RateIsNoFraction),
            (1, f64::NAN, WINDOW, InvalidThresholds::RateIsNoFraction),
            (1, 0.1, Duration::ZERO, InvalidThresholds::WindowTooShort),
        ] {
            assert_eq!(Thresholds::new(min_num_failures, rate, window), Err(expected));
        }
        assert_eq!(Thresholds::new(1000, 0.1, WINDOW), Ok(Thresholds::default()));
    }

    #[test]
    fn b13_a_refusal_says_what_would_make_sense() {
        for (refusal, said) in [
            (InvalidThresholds::NoCondition, "must not both be 0"),
            (InvalidThresholds::RateIsNoFraction, "a fraction from 0 to 1"),
            (InvalidThresholds::WindowTooShort, "at least 10 ms"),
        ] {
            assert!(refusal.to_string().contains(said), "{refusal}");
        }
    }
}
