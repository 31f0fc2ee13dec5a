//! What a seed decides beforehand.

use std::time::Duration;

use fastrand::Rng;

use super::{fault::Fault, history::Millis};

/// The servers, and the databases on them, the heaviest first.
pub const NAMES: [&str; 3] = ["a", "b", "c"];

/// How long an order of the operator holds at most.
pub const LONGEST_ORDER: Duration = Duration::from_millis(1500);
/// Before the first fault, unless the start itself is disturbed.
const WARM_UP: Millis = 1500;
/// Within which time after the start it is disturbed.
const START: Millis = 150;
/// Of a fault.
const SHORTEST: Millis = 100;
const LONGEST: Millis = 4000;

/// A run, before it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is made from.
    pub seed: u64,
    /// How many databases.
    pub servers: usize,
    /// How the client is configured.
    pub settings: Settings,
    /// What happens, the earliest first.
    pub faults: Vec<Planned>,
    /// How many callers there are.
    pub callers: usize,
    /// The usual time from one host to another.
    pub latency: Duration,
}

/// A fault that is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When, in the world's time.
    pub at: Millis,
    /// For how long.
    pub lasts: Millis,
    /// What.
    pub fault: Fault,
    /// To whom.
    pub target: Target,
}

/// Whom a fault befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Whoever serves then.
    Active,
    /// This one.
    Server(usize),
}

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

    fn of(random: &mut Rng) -> Self {
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

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let servers = random.usize(2..=NAMES.len());
        let settings = Settings::of(&mut random);
        let faults = faults(&mut random, servers);
        let latency = Duration::from_millis(random.u64(0..=15));
        Self { seed, servers, settings, faults, callers: random.usize(2..=4), latency }
    }

    /// The names of the databases.
    #[must_use]
    pub fn names(&self) -> &'static [&'static str] {
        &NAMES[..self.servers]
    }
}

fn faults(random: &mut Rng, servers: usize) -> Vec<Planned> {
    let mut faults = Vec::new();
    let mut at = if random.u32(..6) == 0 { random.u64(0..START) } else { WARM_UP };
    for _ in 0..random.usize(6..=10) {
        let fault = Fault::ALL[random.usize(..Fault::ALL.len())];
        let lasts = random.u64(SHORTEST..=LONGEST);
        let planned = |target| Planned { at, lasts, fault, target };
        match random.u32(..20) {
            0..13 => faults.push(planned(Target::Active)),
            13..18 => faults.push(planned(Target::Server(random.usize(..servers)))),
            // It is our network, or all of theirs.
            _ if fault != Fault::Stall => faults.extend((0..servers).map(Target::Server).map(planned)),
            _ => faults.push(planned(Target::Active)),
        }
        // Some overlap, some leave time to return.
        at += if random.u32(..3) == 0 { random.u64(0..lasts) } else { lasts + random.u64(0..3000) };
    }
    faults
}

/// The number of the server behind a database.
#[must_use]
pub fn server_of(name: &str) -> Option<usize> {
    NAMES.iter().position(|other| *other == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_plans_the_same_and_another_something_else() {
        let text = |seed| format!("{:?}", Plan::of(seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn every_fault_is_planned_in_its_order_and_within_a_run() {
        let plans: Vec<Plan> = (0..200).map(Plan::of).collect();
        for plan in &plans {
            assert!(plan.faults.len() >= 5 && plan.faults.is_sorted_by_key(|planned| planned.at));
            let last = plan.faults.iter().map(|planned| planned.at + planned.lasts).max().unwrap();
            let bound = plan.settings.return_within();
            assert!(Duration::from_millis(last) + bound < Duration::from_secs(110), "{plan:?}");
        }
        for fault in Fault::ALL {
            let is_it = |planned: &Planned| planned.fault == fault;
            assert!(plans.iter().any(|plan| plan.faults.iter().any(is_it)), "{fault}");
        }
    }
}
