//! The task that keeps a client's metrics up to date.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use metrics::{Counter, Label};
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};
use tower_failover::balance::{MemberSnapshot, Snapshot};
use tower_failover::retry::RetryCounters;
use tower_failover::{Event, EventStream, FailoverHandle, Name};

use super::database::{CallMetrics, DatabaseMetrics};
use super::failovers::{Failover, Failovers, News};
use super::names;
use super::recording::Metrics;

/// How old a gauge or a sum may be that no event tells of.
const TICK: Duration = Duration::from_secs(1);

/// Reports what a client's events and snapshots say. When this is dropped, it ends, and the gauges say that nothing
/// is there any more.
pub(crate) struct Reporting(AbortHandle);

impl Drop for Reporting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reporting {
    /// `events` must have been subscribed to before the first of them.
    pub(crate) fn start(
        metrics: &Metrics,
        events: EventStream,
        handle: FailoverHandle,
        counters: RetryCounters,
    ) -> Self {
        metrics.describe();
        let reporter = Reporter::new(metrics.clone(), handle, counters);
        Self(tokio::spawn(reporter.run(events)).abort_handle())
    }
}

struct Reporter {
    metrics: Metrics,
    handle: FailoverHandle,
    counters: RetryCounters,
    failovers: Failovers,
    databases: BTreeMap<Name, DatabaseMetrics>,
    outages: Counter,
    refused: Counter,
    /// How many refused repeats were shown.
    shown_refused: u64,
    /// Calls that no database is charged with.
    uncharged: CallMetrics,
    looked_at: Instant,
    /// Who has served since then although another one is preferred.
    stands_in: Option<Name>,
}

impl Reporter {
    fn new(metrics: Metrics, handle: FailoverHandle, counters: RetryCounters) -> Self {
        Self {
            handle,
            counters,
            failovers: Failovers::default(),
            databases: BTreeMap::new(),
            outages: metrics.counter(names::OUTAGES, []),
            refused: metrics.counter(names::REFUSED_RETRIES, []),
            shown_refused: 0,
            uncharged: CallMetrics::new(&metrics, names::NO_DATABASE),
            looked_at: Instant::now(),
            stands_in: None,
            metrics,
        }
    }

    async fn run(mut self, mut events: EventStream) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                event = events.next() => match event {
                    Some(event) => Some(event),
                    None => return,
                },
                _ = ticks.tick() => None,
            };
            let snapshot = self.handle.snapshot();
            self.look(&snapshot, Instant::now());
            if let Some(event) = event {
                self.hear(&event);
            }
        }
    }

    /// What events alone tell is lost with those that were missed.
    fn hear(&mut self, event: &Event) {
        if let Event::CallsFailed { member, count } = event
            && let Some(database) = self.databases.get(member)
        {
            database.failed(*count);
        }
    }

    fn look(&mut self, snapshot: &Snapshot, now: Instant) {
        let News { failovers, outages } = self.failovers.look(snapshot);
        self.outages.increment(outages);
        for failover in failovers {
            self.report(failover);
        }
        let refused = self.counters.refused();
        self.refused.increment(refused - std::mem::replace(&mut self.shown_refused, refused));
        let passed = now.saturating_duration_since(std::mem::replace(&mut self.looked_at, now));
        if let Some(database) = self.stands_in.take().and_then(|name| self.databases.get_mut(&name)) {
            database.stood_in(passed);
        }
        let preferred = preferred(snapshot);
        self.stands_in = snapshot.active.clone().filter(|active| preferred.is_some_and(|it| it != active));
        self.databases.retain(|name, _| snapshot.member(name).is_some());
        for member in &snapshot.members {
            let name = &member.name;
            let new = || DatabaseMetrics::new(&self.metrics, name);
            let database = self.databases.entry(name.clone()).or_insert_with(new);
            database.show(member, preferred == Some(name));
        }
        self.uncharged.show(self.counters.uncharged());
    }

    fn report(&self, failover: Failover) {
        let Failover { from, to, reason, detail, took } = failover;
        let labels = [
            Label::new(names::FAIL_FROM, from.to_string()),
            Label::new(names::FAIL_TO, to.to_string()),
            Label::from_static_parts(names::REASON, reason),
            Label::from_static_parts(names::REASON_DETAIL, detail),
        ];
        self.metrics.counter(names::FAILOVERS, labels.clone()).increment(1);
        if let Some(took) = took {
            self.metrics.histogram(names::FAILOVER_DURATION, labels).record(took);
        }
    }
}

/// Who should serve if all were well: who was chosen by hand, else the heaviest that is not drained, and of equals the
/// active one (B3).
fn preferred(snapshot: &Snapshot) -> Option<&Name> {
    if let Some(pinned) = snapshot.pinned.as_deref().and_then(|name| snapshot.member(name)) {
        return Some(&pinned.name);
    }
    let rank = |member: &MemberSnapshot| (member.weight, member.active);
    let wanted = snapshot.members.iter().filter(|member| !member.drained);
    let heaviest = wanted.reduce(|best, other| if rank(other) > rank(best) { other } else { best });
    heaviest.map(|member| &member.name)
}
