//! What there is to be seen after a phase, in the words of the stories.

use tokio::time::Instant;
use toml::{Table, Value};
use tower_failover::availability::{CircuitState, Evidence, OpenReason, Verdict};
use tower_failover::balance::{MemberSnapshot, Snapshot};
use tower_failover::{Event, SwitchReason};

use crate::log::Ends;
use crate::member::{Part, VERDICTS};
use crate::time::write;

/// All that expectations can speak of.
pub(crate) fn seen(
    snapshot: &Snapshot,
    parts: &[(String, Part)],
    ends: Ends,
    events: &[(Instant, Event)],
    began: Instant,
) -> Table {
    let mut seen = Table::new();
    let name = |name: Option<&tower_failover::Name>| name.map_or("none", |name| &**name).to_owned();
    let mut say = |key: &str, value: Value| drop(seen.insert(key.into(), value));
    say("active", name(snapshot.active.as_ref()).into());
    say("pinned", name(snapshot.pinned.as_ref()).into());
    let outage = snapshot.outage;
    let how = |permanent| if permanent { "permanent" } else { "temporary" };
    say("outage", outage.map_or("none", |outage| how(outage.is_permanent)).into());
    if let Some(outage) = outage {
        say("outage_lasted", write(outage.lasted).into());
        say("attempt", i64::from(outage.attempt).into());
        say("retry_after", write(outage.retry_after).into());
    }
    say("names", snapshot.members.iter().map(|member| member.name.to_string()).collect::<Vec<_>>().into());
    let members = snapshot.members.iter().filter_map(|member| {
        let (_, part) = parts.iter().rev().find(|(name, _)| **name == *member.name)?;
        Some((member.name.to_string(), Value::from(member_seen(member, part))))
    });
    say("members", members.collect::<Table>().into());
    say(
        "calls",
        ends.calls.into_iter().map(|(how, count)| (how, Value::from(count))).collect::<Table>().into(),
    );
    say("ambiguous", ends.ambiguous.into());
    say("slowest_call", write(ends.slowest).into());
    say("in_flight", ends.in_flight.into());
    say("orders", ends.orders.into());
    let mut failures_told = Table::new();
    for (_, event) in events {
        if let Event::CallsFailed { member, count } = event {
            let told = failures_told.entry(&**member).or_insert_with(|| 0.into());
            *told = (told.as_integer().unwrap_or_default() + number(*count)).into();
        }
    }
    say("failures_told", failures_told.into());
    let told =
        events.iter().filter(|(_, event)| !matches!(event, Event::CallsFailed { .. })).map(|(at, event)| {
            let mut told = event_seen(event);
            told.insert("after".into(), write(at.saturating_duration_since(began)).into());
            Value::from(told)
        });
    say("events", told.collect::<Vec<_>>().into());
    seen
}

fn member_seen(member: &MemberSnapshot, part: &Part) -> Table {
    let mut seen = Table::new();
    let mut say = |key: &str, value: Value| drop(seen.insert(key.into(), value));
    let circuit = &member.view.circuit;
    let counts = part.detectors.counts();
    let number = |count: u64| Value::from(number(count));
    say("weight", member.weight.get().into());
    say("drained", member.drained.into());
    say("available", member.view.is_available().into());
    say("verdict", verdict(member.view.verdict).into());
    say("evidence", member.view.evidence.as_ref().map_or("none", evidence).into());
    say("suspected", member.view.suspected.into());
    say("circuit", state(circuit.state).into());
    say("reason", circuit.reason.map_or("none", reason).into());
    say("forced", circuit.forced.into());
    let due = circuit.next_change_at.map(|at| write(at.saturating_duration_since(Instant::now())));
    say("next_change_in", due.unwrap_or_else(|| "never".into()).into());
    say("free_trials", i64::from(circuit.free_trials).into());
    say("failures", number(counts.failures));
    say("successes", number(counts.successes));
    say("attempts", number(part.service.take_attempts()));
    let probes = part.checks.iter().map(|check| (check.name().to_owned(), number(check.take_probes())));
    say("probes", probes.collect::<Table>().into());
    seen
}

/// TOML's numbers are signed.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn event_seen(event: &Event) -> Table {
    let mut seen = Table::new();
    let mut say = |key: &str, value: &str| drop(seen.insert(key.into(), value.into()));
    match event {
        Event::ActiveChanged { from, to, reason, evidence: spoke_against, .. } => {
            say("event", "active_changed");
            say("from", from.as_deref().unwrap_or("none"));
            say("to", to);
            say("reason", switch_reason(*reason));
            say("evidence", spoke_against.as_ref().map_or("none", evidence));
        }
        Event::CircuitChanged { member, from, to, reason: why } => {
            say("event", "circuit_changed");
            say("member", member);
            say("from", state(*from));
            say("to", state(*to));
            say("reason", why.map_or("none", reason));
        }
        Event::VerdictChanged { member, from, to, evidence: because } => {
            say("event", "verdict_changed");
            say("member", member);
            say("from", verdict(*from));
            say("to", verdict(*to));
            say("evidence", because.as_ref().map_or("none", evidence));
        }
        Event::OutageBegan => say("event", "outage_began"),
        Event::OutageEscalated { lasted } => {
            say("event", "outage_escalated");
            say("lasted", &write(*lasted));
        }
        Event::OutageEnded { lasted } => {
            say("event", "outage_ended");
            say("lasted", &write(*lasted));
        }
        Event::MemberAdded { member } => {
            say("event", "member_added");
            say("member", member);
        }
        Event::MemberRemoved { member } => {
            say("event", "member_removed");
            say("member", member);
        }
        Event::DiscoverFailed { .. } => say("event", "discover_failed"),
        Event::Misconfigured { member, .. } => {
            say("event", "misconfigured");
            say("member", member);
        }
        Event::RetriesRefused { count } => {
            say("event", "retries_refused");
            drop(seen.insert("count".into(), number(*count).into()));
        }
        Event::Panicked { .. } => say("event", "panicked"),
        _ => say("event", "other"),
    }
    seen
}

fn verdict(verdict: Verdict) -> &'static str {
    VERDICTS.iter().find(|(_, known)| *known == verdict).map_or("other", |(name, _)| *name)
}

fn evidence(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::Unreachable(_) => "unreachable",
        Evidence::TimedOut => "timed_out",
        Evidence::Answered(_) => "answered",
        Evidence::Lagging(_) => "behind",
        Evidence::Undetermined(_) => "undetermined",
        Evidence::Misconfigured(_) => "misconfigured",
        Evidence::Panicked => "panicked",
        _ => "other",
    }
}

fn state(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half_open",
    }
}

fn reason(reason: OpenReason) -> &'static str {
    match reason {
        OpenReason::HealthCheck => "health_check",
        OpenReason::Suspicion => "suspicion",
        OpenReason::FailureDetector => "failure_detector",
        OpenReason::Unserviceable => "unserviceable",
        OpenReason::Forced => "forced",
        OpenReason::Drill => "drill",
        _ => "other",
    }
}

fn switch_reason(why: SwitchReason) -> &'static str {
    match why {
        SwitchReason::Initial => "initial",
        SwitchReason::Unavailable(why) => reason(why),
        SwitchReason::Fallback => "fallback",
        SwitchReason::Manual => "manual",
        SwitchReason::Weight => "weight",
        SwitchReason::Removed => "removed",
        SwitchReason::Drained => "drained",
        SwitchReason::Recovered => "recovered",
        _ => "other",
    }
}
