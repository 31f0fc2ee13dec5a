//! What needs no simulation.

use std::time::Duration;

use redis_failover::tower_failover::retry::RetrySettings;
use redis_failover::{HealthSettings, Suspicion};

/// Attempts for each call, at a database that fails every one of them, by a client that makes so many calls a second.
/// Every attempt but the first is a repeat, of which there are so many a call, and so many a second: a share of the calls,
/// or the floor if that is more (B34).
pub(crate) fn amplification(calls_a_second: f64) -> f64 {
    let RetrySettings { retries, budget_share, budget_floor, .. } = RetrySettings::default();
    let wanted = calls_a_second * f64::from(retries);
    let granted = wanted.min((calls_a_second * budget_share).max(f64::from(budget_floor)));
    1.0 + granted / calls_a_second
}

/// Probes a second that one client makes of one database which is well, `round_trip` away.
pub(crate) fn probes_a_second(round_trip: Duration) -> f64 {
    let HealthSettings { interval, probes, delay, .. } = HealthSettings::default();
    let round = delay * (probes - 1) + round_trip * probes;
    f64::from(probes) / (interval + round).as_secs_f64()
}

/// From the fault to the first success elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Failover {
    /// The primary's machine answers with a reset.
    pub(crate) reset: Duration,
    /// Nothing answers any more.
    pub(crate) silence: Duration,
}

/// Of a client whose primary and secondary are so far away, in steps that each wait for the one before it.
pub(crate) fn failover(primary: Duration, secondary: Duration, suspicion: Suspicion) -> Failover {
    // The reset is half a round trip on its way; a dial is refused after a whole one. Then a call goes elsewhere.
    let reset = primary / 2 + primary + secondary;
    // A call is in flight at the fault. The sweeper looks every 25 ms.
    let tick = Duration::from_millis(25);
    let silence = suspicion.after_for(primary) + tick + suspicion.timeout_for(primary) + secondary;
    Failover { reset, silence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_client_makes_a_fifth_more_and_a_quiet_one_all_its_repeats() {
        assert_eq!(amplification(1000.0), 1.2);
        assert_eq!(amplification(50.0), 1.2);
        assert_eq!(amplification(10.0), 2.0);
        assert_eq!(amplification(1.0), 4.0);
    }

    #[test]
    fn a_far_primary_is_given_more_time() {
        let near = failover(Duration::ZERO, Duration::ZERO, Suspicion::default());
        assert_eq!(near.silence, Duration::from_millis(1125));
        let far = failover(Duration::from_millis(200), Duration::ZERO, Suspicion::default());
        assert_eq!(far.silence, Duration::from_millis(1600 + 25 + 1600));
        assert_eq!(far.reset, Duration::from_millis(300));
    }

    #[test]
    fn a_round_has_three_probes_in_six_seconds() {
        assert_eq!(probes_a_second(Duration::ZERO), 0.5);
    }
}
