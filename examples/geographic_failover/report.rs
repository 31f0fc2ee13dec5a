//! What came of it: figures, a table for people, an object for programs.

use std::fmt;
use std::time::Duration;

use redis_failover::Event;
use serde_json::json;
use tokio::time::Instant;
use tower_failover::retry::RetryCounters;

use crate::arguments::{Arguments, Fault};
use crate::databases::Region;
use crate::ledger::Audit;
use crate::load::{Call, Outcome};
use crate::timeline::{Marks, Moment, describe};

#[derive(Debug)]
pub(crate) struct Report {
    server: String,
    fault: &'static str,
    callers: usize,
    commands: usize,
    errors: Vec<String>,
    /// From the return of the fault's system call to the first success on the other database.
    failover: Option<Duration>,
    /// From the healing to the first success on the primary.
    fallback: Option<Duration>,
    p50: Duration,
    p99: Duration,
    max: Duration,
    retries: u64,
    ended: u64,
    /// INCRs of which the client said that they may have been applied.
    ambiguous: usize,
    audit: Audit,
    /// Fault, failover, healing and fallback.
    pub(crate) highlights: Vec<Moment>,
    timeline: Vec<Moment>,
}

impl Report {
    pub(crate) fn new(
        arguments: &Arguments,
        server: &str,
        marks: &Marks,
        calls: &[Call],
        audit: Audit,
        counters: Option<RetryCounters>,
        events: &[(Instant, Event)],
    ) -> Self {
        let served = |region: Region, after: Instant| {
            let call = |call: &&Call| call.at >= after && call.served_by() == Some(region);
            calls.iter().find(call).map(|call| call.at)
        };
        let failed_over = marks.broken.and_then(|broken| served(Region::Secondary, broken));
        let fell_back = failed_over.and(marks.healed).and_then(|healed| served(Region::Primary, healed));

        let moment =
            |(at, what): (Instant, String)| Moment { at: at.saturating_duration_since(marks.began), what };
        let highlights = [
            (marks.broken, arguments.fault.done()),
            (failed_over, "failover: first success on the secondary"),
            (marks.healed, arguments.fault.undone()),
            (fell_back, "fallback: first success on the primary"),
        ];
        let highlights = highlights.into_iter().filter_map(|(at, what)| Some(moment((at?, what.to_owned()))));
        let highlights: Vec<_> = highlights.collect();
        let events = events.iter().map(|(at, event)| moment((*at, describe(event))));
        let mut timeline: Vec<_> = events.chain(highlights.iter().cloned()).collect();
        timeline.sort_by_key(|moment| moment.at);

        let mut latencies: Vec<_> = calls.iter().map(|call| call.latency).collect();
        latencies.sort_unstable();
        Self {
            server: server.to_owned(),
            fault: arguments.fault.name(),
            callers: arguments.callers,
            commands: calls.len(),
            errors: calls.iter().filter_map(Call::error).map(str::to_owned).collect(),
            failover: failed_over.zip(marks.broken).map(|(at, broken)| at - broken),
            fallback: fell_back.zip(marks.healed).map(|(at, healed)| at - healed),
            p50: percentile(&latencies, 50),
            p99: percentile(&latencies, 99),
            max: percentile(&latencies, 100),
            retries: counters.as_ref().map_or(0, RetryCounters::retries),
            ended: counters.as_ref().map_or(0, RetryCounters::ended),
            ambiguous: calls.iter().filter(|call| matches!(call.outcome, Outcome::Ambiguous)).count(),
            audit,
            highlights,
            timeline,
        }
    }

    /// No caller got an error, no increment was applied twice or lost, and the primary serves again.
    pub(crate) fn kept_the_promise(&self) -> bool {
        let serves_again = self.fallback.is_some() || self.fault == Fault::None.name();
        self.errors.is_empty() && self.audit == Audit::default() && serves_again
    }

    /// The promise and what came of it, in one line.
    pub(crate) fn in_one_line(&self) -> String {
        let span = |name, span: Option<Duration>| span.map(|span| format!(", {name} {:.1} ms", ms(span)));
        format!(
            "{} callers, {} commands, {} errors, {} INCRs applied twice{}{}",
            self.callers,
            self.commands,
            self.errors.len(),
            self.audit.applied_twice,
            span("failover", self.failover).unwrap_or_default(),
            span("fallback", self.fallback).unwrap_or_default(),
        )
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let events =
            self.timeline.iter().map(|moment| json!({ "at_ms": ms(moment.at), "event": moment.what }));
        json!({
            "server": self.server,
            "fault": self.fault,
            "callers": self.callers,
            "commands": self.commands,
            "errors": self.errors.len(),
            "failover_ms": self.failover.map(ms),
            "fallback_ms": self.fallback.map(ms),
            "p50_ms": ms(self.p50),
            "p99_ms": ms(self.p99),
            "max_ms": ms(self.max),
            "retries": self.retries,
            "ended": self.ended,
            "ambiguous": self.ambiguous,
            "applied_twice": self.audit.applied_twice,
            "events": events.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |span: Option<Duration>| span.map_or("none".into(), |span| format!("{:.2} ms", ms(span)));
        writeln!(f, "\nTimeline")?;
        for moment in &self.timeline {
            writeln!(f, "  {moment}")?;
        }
        writeln!(f, "\nSummary")?;
        let rows = [
            ("servers", self.server.clone()),
            ("fault", self.fault.into()),
            ("callers", self.callers.to_string()),
            ("commands", self.commands.to_string()),
            ("errors", self.errors.len().to_string()),
            ("fault to first success on the secondary", span(self.failover)),
            ("healing to first success on the primary", span(self.fallback)),
            ("latency p50", span(Some(self.p50))),
            ("latency p99", span(Some(self.p99))),
            ("latency max", span(Some(self.max))),
            ("commands repeated", self.retries.to_string()),
            ("commands ended on a hung database, run on the other", self.ended.to_string()),
            ("INCRs that may have been applied, and said so", self.ambiguous.to_string()),
            ("INCRs applied twice", self.audit.applied_twice.to_string()),
            ("acknowledged INCRs lost", self.audit.lost.to_string()),
        ];
        for (name, value) in rows {
            writeln!(f, "  {name:<52} {value:>12}")?;
        }
        for error in self.errors.iter().take(5) {
            writeln!(f, "  error: {error}")?;
        }
        Ok(())
    }
}

/// The latency within which so many percent of the calls ended; `sorted` may be empty.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_calls_that_were_made() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted, 100), Duration::from_millis(200));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
