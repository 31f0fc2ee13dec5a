//! Kinds of failures, to which a failure detector can be limited (B16).
//!
//! ```
//! use std::time::Duration;
//! use redis_failover::MultiDbConfig;
//! use redis_failover::classify::failures;
//! use tower_failover::Thresholds;
//! use tower_failover::failure_detector::{Detector, FailureRate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Beside the usual detector: five timeouts within a second are too many.
//! let timeouts = Thresholds::new(5, 0.0, Duration::from_secs(1))?;
//! let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?
//!     .add_failure_detector(move || FailureRate::new(timeouts).only(failures::TIMED_OUT))
//!     // And the usual one is to count nothing but what says that the server is gone.
//!     .failure_kinds(failures::UNREACHABLE.with(failures::CONNECTION_LOST));
//! # config.validate()?;
//! # Ok(()) }
//! ```

use tower_failover::Kinds;

use super::ReplyClass;

/// No connection could be made: [`ReplyClass::Unreachable`].
pub const UNREACHABLE: Kinds = Kinds::number(0);

/// The connection broke under the call: [`ReplyClass::ConnectionLost`].
pub const CONNECTION_LOST: Kinds = Kinds::number(1);

/// No answer came in time: [`ReplyClass::TimedOut`].
pub const TIMED_OUT: Kinds = Kinds::number(2);

/// The database answered that it cannot serve: [`ReplyClass::unserviceable`].
pub const UNSERVICEABLE: Kinds = Kinds::number(3);

/// The kind of a failure of this class.
pub(crate) fn of(class: ReplyClass) -> Kinds {
    match class {
        ReplyClass::Unreachable => UNREACHABLE,
        ReplyClass::ConnectionLost => CONNECTION_LOST,
        ReplyClass::TimedOut => TIMED_OUT,
        class if class.unserviceable().is_some() => UNSERVICEABLE,
        _ => Kinds::NONE,
    }
}
