//! The metrics of one database: its handles, and what they were last told.

use metrics::{Counter, Gauge};
use tokio::time::Duration;
use tower_failover::availability::{CallCounts, CircuitState};
use tower_failover::balance::MemberSnapshot;
use tower_failover::{Name, Verdict};

use super::names;
use super::recording::{Metrics, database};

/// A database's handles, registered once. When this is dropped, its gauges say that it is not there.
pub(super) struct DatabaseMetrics {
    active: Gauge,
    preferred: Gauge,
    available: Gauge,
    circuit: Gauge,
    verdict: Gauge,
    weight: Gauge,
    connections: Gauge,
    non_preferred: Counter,
    failed: Counter,
    calls: CallMetrics,
    /// Of the time on a database that is not preferred, what does not make a second yet.
    remainder: Duration,
}

impl DatabaseMetrics {
    pub(super) fn new(metrics: &Metrics, name: &Name) -> Self {
        let gauge = |metric| metrics.gauge(metric, [database(name)]);
        let counter = |metric| metrics.counter(metric, [database(name)]);
        Self {
            active: gauge(names::ACTIVE),
            preferred: gauge(names::PREFERRED),
            available: gauge(names::AVAILABLE),
            circuit: gauge(names::CIRCUIT),
            verdict: gauge(names::VERDICT),
            weight: gauge(names::WEIGHT),
            connections: gauge(names::CONNECTIONS),
            non_preferred: counter(names::NON_PREFERRED),
            failed: counter(names::FAILED_CALLS),
            calls: CallMetrics::new(metrics, name),
            remainder: Duration::ZERO,
        }
    }

    pub(super) fn show(&mut self, member: &MemberSnapshot, is_preferred: bool) {
        let view = &member.view;
        self.active.set(flag(member.active));
        self.preferred.set(flag(is_preferred));
        self.available.set(flag(view.is_available()));
        self.circuit.set(match view.circuit.state {
            CircuitState::Closed => 0.0,
            CircuitState::HalfOpen => 1.0,
            CircuitState::Open => 2.0,
        });
        self.verdict.set(match view.verdict {
            Verdict::Unknown => 0.0,
            Verdict::Healthy => 1.0,
            Verdict::NotPreferred => 2.0,
            Verdict::Unhealthy => 3.0,
        });
        self.weight.set(member.weight.get());
        self.connections.set(u32::try_from(member.open_connections).unwrap_or(u32::MAX));
        self.calls.show(member.calls);
    }

    pub(super) fn failed(&self, count: u64) {
        self.failed.increment(count);
    }

    /// It served for so long although another one was preferred.
    pub(super) fn stood_in(&mut self, time: Duration) {
        let time = self.remainder + time;
        self.non_preferred.increment(time.as_secs());
        self.remainder = time - Duration::from_secs(time.as_secs());
    }
}

impl Drop for DatabaseMetrics {
    fn drop(&mut self) {
        let Self { active, preferred, available, circuit, verdict, weight, connections, .. } = self;
        for gauge in [active, preferred, available, circuit, verdict, weight, connections] {
            gauge.set(0.0);
        }
    }
}

/// The counters of calls that did not go well.
pub(super) struct CallMetrics {
    retries: Counter,
    ended: Counter,
    ambiguous: Counter,
    shown: CallCounts,
}

impl CallMetrics {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let counter = |metric| metrics.counter(metric, [database(name)]);
        Self {
            retries: counter(names::RETRIES),
            ended: counter(names::ENDED_CALLS),
            ambiguous: counter(names::AMBIGUOUS_FAILURES),
            shown: CallCounts::default(),
        }
    }

    pub(super) fn show(&mut self, counts: CallCounts) {
        self.retries.increment(since(counts.retries, self.shown.retries));
        self.ended.increment(since(counts.ended, self.shown.ended));
        self.ambiguous.increment(since(counts.ambiguous, self.shown.ambiguous));
        self.shown = counts;
    }
}

/// A count that has become less is another database's, which has come under the same name.
fn since(count: u64, shown: u64) -> u64 {
    count.checked_sub(shown).unwrap_or(count)
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}
