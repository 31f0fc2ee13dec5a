//! What `tracing` hears, and what it does not: B53.

#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower::{Layer, Service, ServiceExt, service_fn};
use tower_failover::availability::{CircuitState, Evidence, OpenReason};
use tower_failover::balance::fixed;
use tower_failover::retry::{Assessment, RetryPolicy};
use tower_failover::{
    Availability, Circuit, CircuitBreakerLayer, CircuitSettings, DeadlineLayer, Event, Events,
    FailoverConfig, FailureDetectorLayer, Member, RetryLayer, Suspicion, Sweeper, SwitchReason, Verdict,
    WeightedFailoverBalance,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Level, Metadata, Subscriber};

/// One event or span: its level, its message, the names of its fields.
type Line = (Level, String, Vec<&'static str>);

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Line>>>);

impl Recorder {
    /// Hears all that this thread says from now on.
    fn listening() -> (Self, DefaultGuard) {
        let recorder = Self::default();
        (recorder.clone(), tracing::subscriber::set_default(recorder))
    }

    /// What was said since the last look.
    fn heard(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().expect("a lock"))
    }

    fn heard_above_trace(&self) -> Vec<Line> {
        self.heard().into_iter().filter(|(level, ..)| *level != Level::TRACE).collect()
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let line = (*span.metadata().level(), format!("span {}", span.metadata().name()), Vec::new());
        self.0.lock().expect("a lock").push(line);
        Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = (*event.metadata().level(), String::new(), Vec::new());
        event.record(&mut Reader(&mut line));
        self.0.lock().expect("a lock").push(line);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Reader<'a>(&'a mut Line);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.0.1 = format!("{value:?}"),
            name => self.0.2.push(name),
        }
    }
}

#[test]
fn b53_events_are_told_with_stable_field_names() {
    let (recorder, _listening) = Recorder::listening();
    let evidence = Some(Evidence::TimedOut);
    let lasted = Duration::from_secs(1);
    let switch = Event::ActiveChanged {
        from: Some("eu-west".into()),
        to: "us-east".into(),
        reason: SwitchReason::Unavailable(OpenReason::HealthCheck),
        evidence: evidence.clone(),
        version: 2,
    };
    let circuit = Event::CircuitChanged {
        member: "eu-west".into(),
        from: CircuitState::Closed,
        to: CircuitState::Open,
        reason: Some(OpenReason::HealthCheck),
    };
    let verdict = Event::VerdictChanged {
        member: "eu-west".into(),
        from: Verdict::Healthy,
        to: Verdict::Unhealthy,
        evidence,
    };
    let misconfigured = Event::Misconfigured { member: "eu-west".into(), detail: "a wrong password".into() };
    let expected: [(Event, Level, &[&str]); 14] = [
        (switch, Level::WARN, &["from", "to", "reason", "evidence", "version"]),
        (circuit, Level::INFO, &["member", "from", "to", "reason"]),
        (verdict, Level::INFO, &["member", "from", "to", "evidence"]),
        (Event::CallsFailed { member: "eu-west".into(), count: 3 }, Level::DEBUG, &["member", "count"]),
        (Event::OutageBegan, Level::WARN, &[]),
        (Event::OutageEscalated { lasted }, Level::WARN, &["lasted"]),
        (Event::OutageEnded { lasted }, Level::WARN, &["lasted"]),
        (Event::MemberAdded { member: "eu-west".into() }, Level::INFO, &["member"]),
        (Event::MemberRemoved { member: "eu-west".into() }, Level::INFO, &["member"]),
        (Event::DiscoverFailed { detail: "no such name".into() }, Level::WARN, &["detail"]),
        (misconfigured, Level::INFO, &["member", "detail"]),
        (Event::RetriesRefused { count: 3 }, Level::WARN, &["count"]),
        (Event::Panicked { what: "strategy".into() }, Level::WARN, &["what"]),
        (Event::Lagged(3), Level::DEBUG, &["missed"]),
    ];
    for (event, level, fields) in expected {
        Events::default().emit(event.clone());
        let heard = recorder.heard();
        let [(heard_level, message, heard_fields)] = &heard[..] else { panic!("{event:?}: {heard:?}") };
        assert_eq!((*heard_level, &heard_fields[..]), (level, fields), "{event:?}");
        assert!(!message.is_empty(), "{event:?}");
    }
}

/// Failures are final.
#[derive(Clone)]
struct Never;

impl<T, E> RetryPolicy<bool, T, E> for Never {
    fn assess(&self, _: Result<&T, &E>) -> Assessment {
        Assessment::Final
    }

    fn repeatable(&self, _: &bool) -> bool {
        false
    }

    fn clone_request(&self, request: &bool) -> Option<bool> {
        Some(*request)
    }
}

#[tokio::test(start_paused = true)]
async fn b53_no_call_is_told_above_trace() {
    let events = Events::default();
    let availability = Availability::new("eu-west", events.clone());
    let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).expect("valid settings");
    let detector = FailureDetectorLayer::new(availability.clone());
    let sweeper = Sweeper::spawn();
    let deadline =
        DeadlineLayer::new(Duration::from_secs(1)).sweeper(&sweeper, &availability, Suspicion::default());
    let echo = service_fn(|works: bool| async move { if works { Ok(()) } else { Err("reset") } });
    let stack = CircuitBreakerLayer::new(circuit).layer(detector.layer(deadline.layer(echo)));
    let mut config = FailoverConfig::default();
    config.events = events;
    let balance = WeightedFailoverBalance::new(fixed([Member::new(stack, availability)]), config);
    let balance = balance.expect("a valid configuration");
    let route = balance.route();
    let mut service = RetryLayer::new(Never).route(route).layer(balance);
    let (recorder, _listening) = Recorder::listening();
    service.ready().await.expect("ready").call(true).await.expect("an answer");
    assert!(!recorder.heard_above_trace().is_empty(), "the start is told");

    for _ in 0..1000 {
        service.ready().await.expect("ready").call(true).await.expect("an answer");
    }
    assert_eq!(recorder.heard_above_trace(), []);

    for _ in 0..900 {
        service.ready().await.expect("ready").call(false).await.expect_err("a failure");
    }
    let heard = recorder.heard_above_trace();
    assert_eq!(heard.len(), 1, "failures are added up: {heard:?}");
}
