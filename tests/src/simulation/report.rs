//! What came of many seeds, for people and as JSON.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    campaign::{Outcome, Violation},
    fault::{Fault, Phase},
};

const PHASES: [Phase; 6] =
    [Phase::Starting, Phase::Steady, Phase::StandbyAway, Phase::FailedOver, Phase::Returning, Phase::Outage];

/// The sum of all outcomes.
#[derive(Debug, Default)]
pub struct Report {
    seeds: u64,
    eventful: u64,
    sum: Outcome,
    took: Duration,
}

impl Report {
    /// Of these, which took so long in real time.
    #[must_use]
    pub fn of(outcomes: BTreeMap<u64, Outcome>, took: Duration) -> Self {
        let mut report = Self { took, ..Self::default() };
        for outcome in outcomes.into_values() {
            report.seeds += 1;
            report.eventful += u64::from(outcome.faults.values().sum::<u64>() >= 5 && outcome.switches >= 1);
            let sum = &mut report.sum;
            sum.lasted += outcome.lasted;
            sum.switches += outcome.switches;
            sum.calls += outcome.calls;
            outcome.faults.into_iter().for_each(|(at, count)| *sum.faults.entry(at).or_default() += count);
            outcome
                .checks
                .into_iter()
                .for_each(|(name, count)| *sum.checks.entry(name).or_default() += count);
            sum.violations.extend(outcome.violations);
        }
        report
    }

    /// Whether every invariant held, and enough happened for that to mean something.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sum.violations.is_empty() && self.share_eventful() >= 0.95
    }

    /// The share of the seeds with five faults and a switch; of no seeds, nothing.
    #[must_use]
    pub fn share_eventful(&self) -> f64 {
        if self.seeds == 0 { 0.0 } else { self.eventful as f64 / self.seeds as f64 }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let count = |fault, phase| self.sum.faults.get(&(fault, phase)).copied().unwrap_or(0);
        let phases = |fault| PHASES.map(|phase| (phase.name().to_owned(), json!(count(fault, phase))));
        let coverage: Map<String, Value> = Fault::ALL
            .iter()
            .map(|fault| (fault.name().to_owned(), Value::Object(phases(*fault).into_iter().collect())))
            .collect();
        let violation = |Violation { seed, invariant, story }: &Violation| json!({ "seed": seed, "invariant": invariant, "story": story });
        json!({
            "seeds": self.seeds,
            "virtual_s": self.sum.lasted.as_secs(),
            "faults": self.sum.faults.values().sum::<u64>(),
            "switches": self.sum.switches,
            "calls": self.sum.calls,
            "checks": self.sum.checks.values().sum::<u64>(),
            "checks_by_invariant": self.sum.checks,
            "violations": self.sum.violations.iter().map(violation).collect::<Vec<_>>(),
            "coverage": coverage,
            "share_with_five_faults_and_a_switch": self.share_eventful(),
            "wall_s": self.took.as_secs_f64(),
        })
    }

    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} seeds, {} virtual seconds in {:.1} s, {} faults, {} switches, {} calls, {} checks, {} violations\n",
            self.seeds,
            self.sum.lasted.as_secs(),
            self.took.as_secs_f64(),
            self.sum.faults.values().sum::<u64>(),
            self.sum.switches,
            self.sum.calls,
            self.sum.checks.values().sum::<u64>(),
            self.sum.violations.len(),
        );
        for (name, checks) in &self.sum.checks {
            text += &format!("  {checks:>10} checks that {name}\n");
        }
        text +=
            &format!("{:.1} % of the seeds had five faults and a switch\n", 100.0 * self.share_eventful());
        text
    }

    /// The broken invariants.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.sum.violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_no_seeds_nothing_holds() {
        assert!(!Report::of(BTreeMap::new(), Duration::ZERO).holds());
    }
}
