//! Settings under which a story is soon over.

use std::time::Duration;

use redis_failover::{Backoff, MultiDbConfig};

/// Quick to see that a database is back, and at home in either; everything else is as it is by default.
#[must_use]
pub fn quick(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(200))
        .health_check_delay(Duration::from_millis(20))
        .grace_period(Duration::from_millis(50))
        .redial_spread(Duration::from_millis(20))
        .auto_fallback_interval(None)
}

/// Comes back soon from whatever happens, to the primary too, however often it is lost.
#[must_use]
pub fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .grace_period(Duration::from_millis(200))
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20))
        .redial_backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)))
        .flap_window(Duration::ZERO)
        .auto_fallback_interval(Some(Duration::from_millis(500)))
}
