//! How the client is configured, and what follows from that.

use std::time::Duration;

use fastrand::Rng;

/// How long an order of the operator holds at most.
pub const LONGEST_ORDER: Duration = Duration::from_millis(1500);

/// How the client is configured: everything shorter than by default, for a virtual second to be worth ten.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From a round of health checks to the next.
    pub health_interval: Duration,
    /// Probes in a round.
    pub probes: u32,
    /// How long a probe may take.
    pub probe_timeout: Duration,
    /// Whether the heaviest database has health checks; without, its circuit is tried by calls.
    pub heaviest_checked: bool,
    /// How long an attempt may take.
    pub response_timeout: Duration,
    /// How many failures trip a circuit.
    pub min_num_failures: u64,
    /// How long a database must have been healthy.
    pub grace: Duration,
    /// How long a half-open circuit may be tried.
    pub half_open_timeout: Duration,
    /// How many calls are tried.
    pub trial_calls: u32,
    /// How often a heavier database is looked for.
    pub fallback: Duration,
    /// How long calls wait while nobody serves.
    pub wait: Option<Duration>,
    /// Whether silence is suspicious.
    pub suspicion: bool,
    /// Whether subscribers are subscribed everywhere.
    pub warm: bool,
}

impl Settings {
    /// From one probe of a round to the next.
    pub const PROBE_DELAY: Duration = Duration::from_millis(50);
    /// The longest pause between two rounds, or two dials, that fail.
    pub const LONGEST_BACKOFF: Duration = Duration::from_millis(500);
    /// How long a dial may take.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(600);
    /// By which share an interval varies at most.
    pub const JITTER: f64 = 0.2;

    pub(super) fn of(random: &mut Rng) -> Self {
        let mut among = |choices: &[u64]| Duration::from_millis(choices[random.usize(..choices.len())]);
        Self {
            health_interval: among(&[300, 500, 800]),
            probe_timeout: among(&[200, 300]),
            response_timeout: among(&[200, 500, 2500]),
            grace: among(&[300, 800, 1500]),
            half_open_timeout: among(&[2000, 4000]),
            fallback: among(&[700, 1200, 2000]),
            wait: Some(among(&[0, 0, 500])).filter(|wait| !wait.is_zero()),
            probes: random.u32(1..=3),
            heaviest_checked: random.u32(..4) > 0,
            min_num_failures: random.u64(1..=5),
            trial_calls: random.u32(1..=3),
            suspicion: random.u32(..5) > 0,
            warm: random.bool(),
        }
    }

    /// The longest time of a round of checks.
    #[must_use]
    pub fn longest_round(&self) -> Duration {
        (self.probe_timeout + Self::CONNECT_TIMEOUT + Self::PROBE_DELAY) * self.probes
    }

    /// By when the heaviest database serves again, once nothing is wrong any more: a failed round ends and the next one
    /// comes after its pause, a grace period passes, a round tries the circuit, and a fallback asks once more. A trial that
    /// was begun in the last fault may fail first, which takes a second grace period.
    #[must_use]
    pub fn return_within(&self) -> Duration {
        let round = self.longest_round();
        let judged =
            round + Self::LONGEST_BACKOFF.max(self.health_interval.mul_f64(1.0 + Self::JITTER)) + round;
        let tried = self.grace + if self.heaviest_checked { round } else { Duration::ZERO };
        let taken = self.fallback.mul_f64(1.0 + Self::JITTER) + round;
        let unchecked =
            if self.heaviest_checked { Duration::ZERO } else { self.half_open_timeout + self.grace + taken };
        judged + tried * 2 + taken * 2 + unchecked + LONGEST_ORDER + Duration::from_secs(1)
    }
}
