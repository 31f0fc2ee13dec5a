//! How many probes of a round must pass (B20).

use std::fmt;

/// Decides a round from the probes so far.
///
/// Pure: it is asked after every probe, and may decide before the last one.
///
/// ```
/// use tower_failover::health::Policy;
///
/// /// One failure is forgiven, however many probes there are.
/// #[derive(Debug)]
/// struct OneMayFail;
///
/// impl Policy for OneMayFail {
///     fn decide(&self, passed: u32, failed: u32, total: u32) -> Option<bool> {
///         match failed {
///             0 | 1 => (passed + failed == total).then_some(true),
///             _ => Some(false),
///         }
///     }
/// }
/// ```
pub trait Policy: fmt::Debug + Send + Sync {
    /// `Some(true)` if the round has passed, `Some(false)` if it has failed, `None` while that is open.
    ///
    /// `total` is the number of probes in the round. A round that is still open after its last probe has failed.
    fn decide(&self, passed: u32, failed: u32, total: u32) -> Option<bool>;
}

/// All probes must pass; decides at the first failed one. The default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HealthyAll;

impl Policy for HealthyAll {
    fn decide(&self, passed: u32, failed: u32, total: u32) -> Option<bool> {
        if failed > 0 { Some(false) } else { (passed >= total).then_some(true) }
    }
}

/// More than half of the probes must pass: 3 allow 1 failure, 4 allow 1, 5 allow 2. Decides as soon as it is decided.
///
/// ```
/// use tower_failover::health::{HealthyMajority, Policy};
///
/// assert_eq!(HealthyMajority.decide(2, 0, 3), Some(true));
/// assert_eq!(HealthyMajority.decide(2, 1, 4), None);
/// assert_eq!(HealthyMajority.decide(2, 2, 4), Some(false));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HealthyMajority;

impl Policy for HealthyMajority {
    fn decide(&self, passed: u32, failed: u32, total: u32) -> Option<bool> {
        let needed = total / 2 + 1;
        if passed >= needed {
            Some(true)
        } else {
            // What is still to come cannot make up for what failed.
            (failed > total - needed.min(total)).then_some(false)
        }
    }
}

/// One passed probe is enough; decides at the first passed one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HealthyAny;

impl Policy for HealthyAny {
    fn decide(&self, passed: u32, failed: u32, total: u32) -> Option<bool> {
        if passed > 0 { Some(true) } else { (failed >= total).then_some(false) }
    }
}
