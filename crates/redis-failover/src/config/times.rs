//! Which times can be used.

use std::time::Duration;

/// Nothing here is meant to wait for longer, and sums of such durations cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A time that may be zero, or else why it cannot be used.
pub(super) fn length(length: Duration) -> Result<(), &'static str> {
    if length > LONGEST { Err("it is more than a year") } else { Ok(()) }
}

/// A time in which something must be possible, or else why it cannot be used.
pub(super) fn timeout(limit: Duration) -> Result<(), &'static str> {
    if limit.is_zero() { Err("it is zero") } else { length(limit) }
}
