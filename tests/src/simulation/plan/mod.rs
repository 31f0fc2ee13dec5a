//! What a seed decides beforehand.

mod settings;

use std::time::Duration;

use fastrand::Rng;

use super::{fault::Fault, history::Millis};
pub use settings::{LONGEST_ORDER, Settings};

/// The servers, and the databases on them, the heaviest first.
pub const NAMES: [&str; 3] = ["a", "b", "c"];

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
