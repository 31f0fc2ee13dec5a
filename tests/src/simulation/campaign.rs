//! Many seeds, on several threads.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use redis_failover::Event;

use super::{
    fault::{Fault, Phase},
    history::{Record, What},
    invariants::{self, Broken},
    world::{self, Run},
};

/// How much of a history before a violation belongs to its story.
const BEFORE: u64 = 1500;

/// What to run.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Which seeds.
    pub seeds: Range<u64>,
    /// How many threads run them.
    pub threads: usize,
    /// Whether each is run twice, to see that it tells the same.
    pub twice: bool,
}

/// What came of one seed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// How much virtual time passed.
    pub lasted: Duration,
    /// The faults, by what the client was doing when they came.
    pub faults: BTreeMap<(Fault, Phase), u64>,
    /// How many switches there were after the first choice.
    pub switches: u64,
    /// How many calls were made.
    pub calls: u64,
    /// How much each invariant has looked at.
    pub checks: BTreeMap<&'static str, u64>,
    /// Where one is broken.
    pub violations: Vec<Violation>,
}

/// A broken invariant.
#[derive(Debug, Clone)]
pub struct Violation {
    /// In which run.
    pub seed: u64,
    /// Which.
    pub invariant: &'static str,
    /// How, and what led to it.
    pub story: String,
}

impl Campaign {
    /// Runs them all; tells of each as it ends, and gives what came of them in the order of the seeds.
    pub fn run(&self, tell: impl Fn(u64, &Outcome) + Sync) -> BTreeMap<u64, Outcome> {
        let next = AtomicU64::new(self.seeds.start);
        let outcomes = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if !self.seeds.contains(&seed) {
                            return;
                        }
                        let outcome = self.one(seed);
                        tell(seed, &outcome);
                        outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, outcome);
                    }
                });
            }
        });
        outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self, seed: u64) -> Outcome {
        let run = world::run(seed);
        let mut outcome = judge(&run);
        if self.twice {
            let (first, second) = (told(&run.records), told(&world::run(seed).records));
            *outcome.checks.entry("replay").or_default() += 1;
            if let Some((line, other)) = difference(&first, &second) {
                let story = format!("the same seed tells two histories:\n{line}\n{other}");
                outcome.violations.push(Violation { seed, invariant: "replay", story });
            }
        }
        outcome
    }
}

/// Where two histories part: a line of each.
fn difference<'a>(first: &'a str, second: &'a str) -> Option<(&'a str, &'a str)> {
    let lines = || first.lines().zip(second.lines()).find(|(line, other)| line != other);
    (first != second).then(|| lines().unwrap_or(("one ends here", "the other goes on")))
}

/// A whole history as text.
#[must_use]
pub fn told(records: &[Record]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// What came of a run.
#[must_use]
pub fn judge(run: &Run) -> Outcome {
    let mut outcome = Outcome { lasted: run.lasted, ..Outcome::default() };
    for record in &run.records {
        match &record.what {
            What::Begun(fault, _, phase) => *outcome.faults.entry((*fault, *phase)).or_default() += 1,
            What::Told(Event::ActiveChanged { from: Some(_), .. }) => outcome.switches += 1,
            What::Called(_) => outcome.calls += 1,
            _ => {}
        }
    }
    let seed = run.plan.seed;
    if let Some(broken) = &run.broken {
        let at = run.records.last().map_or(0, |record| record.at);
        let story = story(run, &Broken { at, how: broken.clone() });
        outcome.violations.push(Violation { seed, invariant: "ends", story });
    }
    for (invariant, findings) in invariants::check(run) {
        outcome.checks.insert(invariant, findings.checks);
        let violations =
            findings.broken.iter().map(|broken| Violation { seed, invariant, story: story(run, broken) });
        outcome.violations.extend(violations);
    }
    outcome
}

/// What led to a violation: the plan, all faults and switches, and everything shortly before.
fn story(run: &Run, broken: &Broken) -> String {
    let mut story = format!("{} ms: {}\n{:?}\n", broken.at, broken.how, run.plan);
    for record in &run.records {
        let is_landmark = matches!(
            record.what,
            What::Begun(..) | What::Healed(..) | What::AllHealed | What::Told(Event::ActiveChanged { .. })
        );
        let is_near = (broken.at.saturating_sub(BEFORE)..=broken.at).contains(&record.at);
        if record.at <= broken.at && (is_landmark || is_near) {
            story += &format!("{record}\n");
        }
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_goes_on_where_the_other_ends_is_another_one() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n"), Some(("b", "c")));
        assert!(difference("a\n", "a\nb\n").is_some());
        assert!(difference("a\nb\n", "a\n").is_some());
    }
}
