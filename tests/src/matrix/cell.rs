//! A cell, as it came out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tower_failover::SwitchReason;
use tower_failover::balance::Switch;

use super::audit::{Applied, Findings};
use super::clients::Worked;
use super::fault::Course;
use super::journal::{Answer, Call, End, Place};
use super::{Expected, Fault, Row, Workload};
use crate::NAMES;

const PRIMARY: Place = 0;
const SECONDARY: Place = 1;

/// How long after the end of a fault a verdict of it may be spoken.
const VERDICT: Duration = Duration::from_millis(100);

/// When a fault began and ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The call that began it has returned.
    pub began: Instant,
    /// It is to be ended.
    pub ended: Instant,
}

/// A cell, as it came out. Serialised, it is an entry of `cells`.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// What happened.
    pub fault: &'static str,
    /// What the callers did.
    pub workload: &'static str,
    /// With which settings.
    pub config: &'static str,
    /// What was to come of it.
    pub expected: &'static str,
    /// How long it may have taken until the first success, in milliseconds.
    pub within_ms: u64,
    /// From the fault, or from its end if it passes and the primary is to serve, to the first success where it was to be.
    pub first_success_ms: Option<f64>,
    /// Calls in all.
    pub calls: usize,
    /// Calls that failed; those of doubt are among them.
    pub errors: usize,
    /// Calls that failed, and may have been applied.
    pub in_doubt: usize,
    /// Calls without an end.
    pub hung: usize,
    /// Calls that were acknowledged, and of which no server knows; scans and reads that did not find what is there.
    pub lost: usize,
    /// Calls that were applied more than once, though that makes a difference.
    pub applied_twice: usize,
    /// Calls that were applied, though it was said that they failed.
    pub untold: usize,
    /// Messages that are missing or out of their place, without a gap that says so.
    pub unreported_gaps: usize,
    /// Databases that were left though they lived, and dead ones that were taken.
    pub false_failovers: usize,
    /// All switches.
    pub switches: Vec<String>,
    /// The errors, and how often each came.
    pub kinds_of_errors: BTreeMap<String, usize>,
    /// What is not as expected.
    pub wrong: Vec<String>,
    /// What there is to be known besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Cell {
    /// Makes it of what was done, and judges it.
    #[must_use]
    pub(super) fn of(
        row: &Row,
        worked: &Worked,
        applied: &Applied,
        span: Span,
        note: Option<String>,
    ) -> Self {
        let expected = row.expected_of(worked.workload);
        let calls = worked.journal.calls();
        let Findings { lost, applied_twice, untold, messages } = applied.compare(worked);
        let unreported_gaps = messages.unreported();
        let wrong = worked.journal.wrong();
        let mut kinds_of_errors = BTreeMap::new();
        for call in &calls {
            match &call.end {
                End::Answered(_) => {}
                End::InDoubt => *kinds_of_errors.entry("may have been applied".to_owned()).or_default() += 1,
                End::Failed(error) => *kinds_of_errors.entry(error.clone()).or_default() += 1,
            }
        }
        let moves = worked.switches.iter().map(|switch| Move::of(switch, span));
        let mut cell = Self {
            fault: row.fault.name(),
            workload: worked.workload.name(),
            config: row.configuration.name(),
            expected: expected.name(),
            within_ms: u64::try_from(row.within.as_millis()).unwrap_or(u64::MAX),
            first_success_ms: first_success(row, worked, &calls, applied, span).map(milliseconds),
            calls: calls.len(),
            errors: kinds_of_errors.values().sum(),
            in_doubt: calls.iter().filter(|call| matches!(call.end, End::InDoubt)).count(),
            hung: worked.journal.hung(),
            lost: lost + wrong.len(),
            applied_twice,
            untold,
            unreported_gaps,
            false_failovers: moves.filter(|one| one.is_false(row.fault, expected)).count(),
            switches: worked.switches.iter().map(|switch| told(switch, span)).collect(),
            kinds_of_errors,
            wrong,
            note,
        };
        cell.judge(expected, worked, span);
        if unreported_gaps > 0 {
            cell.wrong.push(messages.to_string());
        }
        cell
    }

    /// Whether all is as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    fn judge(&mut self, expected: Expected, worked: &Worked, span: Span) {
        let mut wrong = Vec::new();
        let left =
            |switch: &Switch| switch.from.as_deref() == Some(NAMES[PRIMARY]) && switch.at >= span.began;
        match expected {
            Expected::Switch if !worked.switches.iter().any(left) => {
                wrong.push("the primary was not left".into());
            }
            Expected::Stay if !worked.switches.is_empty() => wrong.push("there was a switch".into()),
            Expected::Return if worked.active.as_deref() != Some(NAMES[PRIMARY]) => {
                wrong.push("the primary is not active in the end".into());
            }
            _ => {}
        }
        match self.first_success_ms {
            None => wrong.push("nothing succeeded where it was to".into()),
            Some(after) if after > self.within_ms as f64 => {
                wrong.push(format!("served only after {after:.0} ms"));
            }
            Some(_) => {}
        }
        for (what, count) in [
            ("hung", self.hung),
            ("lost", self.lost),
            ("applied twice", self.applied_twice),
            ("applied and said to have failed", self.untold),
            ("unreported gaps", self.unreported_gaps),
            ("false failovers", self.false_failovers),
        ] {
            if count > 0 {
                wrong.push(format!("{count} {what}"));
            }
        }
        self.wrong.extend(wrong);
    }
}

/// From the fault, or from its end, to the first success where it was to be.
fn first_success(
    row: &Row,
    worked: &Worked,
    calls: &[Call],
    applied: &Applied,
    span: Span,
) -> Option<Duration> {
    let expected = row.expected_of(worked.workload);
    let (from, wanted) = match expected {
        Expected::Switch => (span.began, SECONDARY),
        // Whoever is served during the fault may not be any more: it is over when he is served after it.
        Expected::Stay if row.fault.course() == Course::Passes => (span.ended, PRIMARY),
        Expected::Stay | Expected::Either => (span.began, PRIMARY),
        Expected::Return => (span.ended, PRIMARY),
    };
    let anywhere = expected == Expected::Either;
    let at = |answer| anywhere || applied.place_of(answer).is_none_or(|place| place == wanted);
    // Who stays has nowhere else to be served.
    let known =
        |answer| matches!(expected, Expected::Stay | Expected::Either) || applied.place_of(answer).is_some();
    // One that was on its way when it happened may have gone on elsewhere; what it says of the same place is old.
    let fresh = |call: &Call| expected == Expected::Switch || call.began >= from;
    let calls = calls.iter().filter_map(|call| match &call.end {
        End::Answered(answer) if at(answer) && known(answer) && fresh(call) => Some(call.ended),
        _ => None,
    });
    // For messages it is the first that comes through.
    let heard = worked.heard.iter().filter_map(|(at, number)| {
        let answer = Answer::of(*number);
        (anywhere || applied.place_of(&answer) == Some(wanted)).then_some(*at)
    });
    let ended: Vec<Instant> = match worked.workload {
        Workload::Messages => heard.collect(),
        _ => calls.collect(),
    };
    ended.into_iter().filter(|ended| *ended >= from).min().map(|ended| ended - from)
}

/// A switch, as far as it matters whether it was right.
#[derive(Debug, Clone, Copy)]
struct Move {
    leaves_primary: bool,
    /// A database that was away is taken again.
    is_back: bool,
    during_fault: bool,
}

impl Move {
    fn of(switch: &Switch, span: Span) -> Self {
        let leaves_primary = switch.from.as_deref() == Some(NAMES[PRIMARY]);
        let until = if leaves_primary { span.ended + VERDICT } else { span.ended };
        Self {
            leaves_primary,
            is_back: matches!(switch.reason, SwitchReason::Fallback | SwitchReason::Recovered),
            during_fault: switch.at >= span.began && switch.at < until,
        }
    }

    /// Whether it leaves a database that lives, or takes one that does not.
    fn is_false(self, fault: Fault, expected: Expected) -> bool {
        match (expected, fault) {
            (Expected::Stay, _) => true,
            // Both were away: whoever leaves the primary takes one that is no better.
            (Expected::Return, Fault::BothBlackHoled) => self.leaves_primary,
            // Each of these is well at times.
            (Expected::Switch | Expected::Either, Fault::Flapping | Fault::Loss) => {
                !self.leaves_primary && !self.is_back
            }
            _ if self.leaves_primary => !self.during_fault,
            _ => self.during_fault || !self.is_back,
        }
    }
}

fn told(switch: &Switch, span: Span) -> String {
    let after = match switch.at.checked_duration_since(span.began) {
        Some(after) => format!("{:.0} ms after", milliseconds(after)),
        None => "before".into(),
    };
    let from = switch.from.as_deref().unwrap_or("nowhere");
    format!("{after} the fault from {from} to {}: {:?}", switch.to, switch.reason)
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests;
