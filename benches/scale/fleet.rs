//! A fleet that loses a server and comes back to it.
//!
//! Each client has a health check, which dials while the server is away and finds it back, and a link, which dials when
//! the check has passed (B36). Waits are those of the product: its settings, its backoff, its jitter.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use redis_failover::connection::LinkSettings;
use redis_failover::cursor::CursorTag;
use redis_failover::tower_failover::Chance;
use redis_failover::{Backoff, HealthSettings};

use crate::arrivals::Arrivals;
use crate::server::{Dialled, Server};

/// The default of `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nobody is looked at for longer.
const LONG: Duration = Duration::from_secs(3600);

/// How a fleet fared.
#[derive(Debug)]
pub(crate) struct Fared {
    /// Dials while the server was away.
    pub(crate) in_vain: Arrivals,
    /// Dials since it was back.
    pub(crate) arrivals: Arrivals,
    /// How long after its return each client had a connection for its calls, in order.
    pub(crate) connected: Vec<Duration>,
}

/// What waits are drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    health: HealthSettings,
    redial_spread: Duration,
    backoff: Backoff,
}

impl Default for Pace {
    fn default() -> Self {
        let link = LinkSettings::new(CursorTag::of("any"));
        Self { health: HealthSettings::default(), redial_spread: link.redial_spread, backoff: link.backoff }
    }
}

impl Pace {
    /// What a fleet would do that dials as soon as it may, and asks at fixed times.
    pub(crate) fn none() -> Self {
        let mut pace = Self { redial_spread: Duration::ZERO, ..Self::default() };
        pace.health.interval_jitter = 0.0;
        pace.health.backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
        pace
    }

    /// As the health check rests after this many failures in a row: at random up to a limit that doubles, and for no
    /// longer than its interval.
    fn rest(&self, failures: u32, chance: &Chance) -> Duration {
        let interval = chance.around(self.health.interval, self.health.interval_jitter);
        match self.health.backoff.limit(failures - 1) {
            Duration::ZERO => interval,
            _ => interval.min(self.health.backoff.delay(failures - 1, chance)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dials {
    Check,
    Link,
}

/// So many clients lose the server at 0, all at once, and have it back.
pub(crate) fn comes_back(clients: usize, mut server: Server, away: Duration, pace: &Pace) -> Fared {
    let chance = Chance::seeded(7);
    let mut fared =
        Fared { in_vain: Arrivals::default(), arrivals: Arrivals::default(), connected: Vec::new() };
    let mut failures = vec![0_u32; clients];
    // What is due, the earliest first.
    let mut due: BinaryHeap<_> =
        (0..clients).map(|client| Reverse((Duration::ZERO, client, Dials::Check))).collect();
    while let Some(Reverse((now, client, who))) = due.pop() {
        if now > LONG {
            break;
        }
        let seen = if server.is_away(now) { &mut fared.in_vain } else { &mut fared.arrivals };
        seen.saw(now);
        let limit = match who {
            Dials::Check => pace.health.probe_timeout,
            Dials::Link => CONNECT_TIMEOUT,
        };
        let next = match (server.dial(now, limit), who) {
            (Dialled::At(at), Dials::Check) => {
                failures[client] = 0;
                // The other probes of the round are made on the same connection.
                let passed = at + pace.health.delay * (pace.health.probes - 1);
                (passed + chance.up_to(pace.redial_spread), Dials::Link)
            }
            (Dialled::At(at), Dials::Link) => {
                fared.connected.push(at - away);
                continue;
            }
            (failed, who) => {
                let at = if let Dialled::TooLate(at) = failed { at } else { now };
                failures[client] += 1;
                let wait = match who {
                    Dials::Check => pace.rest(failures[client], &chance),
                    Dials::Link => pace.backoff.delay(failures[client] - 1, &chance),
                };
                (at + wait, who)
            }
        };
        due.push(Reverse((next.0, client, next.1)));
    }
    fared.connected.sort_unstable();
    fared
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: Duration = Duration::from_secs(10);

    fn fared(clients: usize, rate: Option<u32>, pace: &Pace) -> Fared {
        comes_back(clients, Server::away_for(AWAY, rate), AWAY, pace)
    }

    #[test]
    fn all_are_connected_in_the_end_by_two_dials_each() {
        let fared = fared(200, None, &Pace::default());
        assert_eq!(fared.connected.len(), 200);
        assert_eq!(fared.arrivals.count_between(Duration::ZERO, LONG), 400);
    }

    #[test]
    fn without_a_pace_all_come_at_once() {
        let paced = fared(1000, None, &Pace::default()).arrivals.most_within(Duration::from_secs(1));
        let unpaced = fared(1000, None, &Pace::none()).arrivals.most_within(Duration::from_millis(1));
        assert!(paced < 600, "{paced}");
        assert_eq!(unpaced, 1000);
    }

    #[test]
    fn a_server_that_is_too_slow_for_all_at_once_has_them_all_in_the_end() {
        let fared = fared(1000, Some(100), &Pace::default());
        assert_eq!(fared.connected.len(), 1000);
        assert!(fared.connected[999] > Duration::from_secs(20), "two thousand hands at least");
    }

    #[test]
    fn at_a_very_slow_server_a_fleet_that_asks_seldom_and_patiently_is_back_sooner() {
        let mut seldom = Pace::default();
        seldom.health.interval = Duration::from_secs(30);
        seldom.health.backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        seldom.health.probe_timeout = Duration::from_secs(5);
        let last = |pace: &Pace| fared(1000, Some(50), pace).connected.last().copied();
        let (seldom, usual) = (last(&seldom), last(&Pace::default()));
        assert!(
            seldom.is_some_and(|seldom| usual.is_some_and(|usual| seldom < usual / 3)),
            "{seldom:?} {usual:?}"
        );
    }

    #[test]
    fn the_pace_has_the_health_checks_rests() {
        let (pace, chance) = (Pace::default(), Chance::seeded(1));
        for failures in 1..20 {
            let limit = pace.health.backoff.limit(failures - 1).min(pace.health.interval.mul_f64(1.1));
            assert!((0..100).all(|_| pace.rest(failures, &chance) <= limit), "{failures}");
        }
    }
}
