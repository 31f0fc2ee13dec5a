//! Members that refuse us as we are configured, and what people are told of those that cannot serve: B14, B51.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tower_failover::availability::Evidence;
use tower_failover::{Event, Finding, Health, Signal};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use super::stage::{Region, Stage, active, ask, pass, settled};

const DETAIL: &str = "cannot log in";

/// The warnings of this thread, each as its message and the member it is about.
#[derive(Debug, Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("a lock"))
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "message" | "member" | "to") {
            write!(self.0, "{value:?} ").expect("a string takes everything");
        }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("a lock").push(line.0.trim().into());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// New connections are refused; one that was made before answers.
fn refuses_new_connections(region: &Region) {
    region.availability().signal(Signal::Verdict(Health::Misconfigured(DETAIL.into()).into()));
}

/// For as long as nobody releases it.
fn held_open(region: &Region) {
    region.availability().signal(Signal::Force { until: None, drill: false });
}

/// No connection is left.
fn refuses_us(region: &Region) {
    let evidence = Evidence::Misconfigured(DETAIL.into());
    region.availability().signal(Signal::Verdict(Finding::unhealthy(evidence)));
}

#[tokio::test(start_paused = true)]
async fn b14_passwords_changed_everywhere_at_once_move_nobody() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    for region in [&stage.light, &stage.middle, &stage.heavy] {
        region.rises();
    }
    settled().await;
    stage.told();
    for _ in 0..3 {
        for region in [&stage.light, &stage.middle, &stage.heavy] {
            refuses_new_connections(region);
        }
        pass(Duration::from_secs(600)).await;
        assert_eq!(ask(&balance).await, Ok("heavy"));
    }
    let misconfigured = |name: &str| Event::Misconfigured { member: name.into(), detail: DETAIL.into() };
    assert_eq!(stage.told(), ["light", "middle", "heavy"].map(misconfigured), "once each, and no switch");
}

#[tokio::test(start_paused = true)]
async fn b14_the_event_tells_of_each_new_refusal() {
    let mut stage = Stage::new();
    let _balance = stage.balance(stage.config());
    settled().await;
    stage.told();
    let say = |detail: &str| {
        stage.heavy.availability().signal(Signal::Verdict(Health::Misconfigured(detail.into()).into()));
    };
    say("wrong password");
    say("wrong password");
    say("unknown user");
    stage.heavy.rises();
    say("unknown user");
    let details: Vec<_> = stage
        .told()
        .into_iter()
        .filter_map(|event| match event {
            Event::Misconfigured { detail, .. } => Some(detail.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(details, ["wrong password", "unknown user", "unknown user"]);
}

#[tokio::test(start_paused = true)]
async fn b14_a_member_misconfigured_from_the_start_is_not_chosen_and_disturbs_no_other() {
    for refuse in [refuses_us as fn(&Region), refuses_new_connections] {
        let mut stage = Stage::new();
        let checks = [&stage.light, &stage.middle, &stage.heavy].map(Region::watched);
        refuse(&stage.heavy);
        // Its checks go on saying so.
        let view = stage.heavy.availability().view();
        checks[2].says(match view.verdict {
            tower_failover::Verdict::Unknown => Health::Misconfigured(DETAIL.into()),
            _ => Health::Unhealthy(Evidence::Misconfigured(DETAIL.into())),
        });
        let mut config = stage.config();
        // One round of checks.
        config.wait_for_first_verdict = Duration::from_millis(2500);
        let balance = stage.balance(config);
        pass(Duration::from_secs(30)).await;
        assert_eq!(active(&balance).as_deref(), Some("middle"));
        let told = stage.told();
        assert!(!told.contains(&Event::OutageBegan), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn b14_a_misconfigured_member_without_a_connection_is_left() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    for region in [&stage.light, &stage.middle, &stage.heavy] {
        region.rises();
    }
    settled().await;
    refuses_new_connections(&stage.heavy);
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
    refuses_us(&stage.heavy);
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
}

#[tokio::test(start_paused = true)]
async fn b51_a_standby_that_cannot_serve_is_one_warning_a_minute() {
    let warnings = Warnings::default();
    let _recording = tracing::subscriber::set_default(warnings.clone());
    let stage = Stage::new();
    let _balance = stage.balance(stage.config());
    for region in [&stage.light, &stage.middle, &stage.heavy] {
        region.rises();
    }
    settled().await;
    assert_eq!(warnings.taken(), ["active member changed heavy"]);

    held_open(&stage.light);
    refuses_new_connections(&stage.middle);
    settled().await;
    let mut at_once = warnings.taken();
    at_once.sort();
    assert_eq!(at_once, ["member is misconfigured middle", "member is unavailable light"]);

    // It comes and goes, and comes and goes.
    for _ in 0..50 {
        sleep(Duration::from_secs(1)).await;
        stage.middle.rises();
        settled().await;
        refuses_new_connections(&stage.middle);
        settled().await;
    }
    assert_eq!(warnings.taken(), Vec::<String>::new());
    sleep(Duration::from_secs(11)).await;
    assert_eq!(warnings.taken().len(), 2, "the next minute");

    stage.middle.rises();
    stage.light.availability().signal(Signal::Release);
    stage.light.availability().signal(Signal::Close);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(warnings.taken(), Vec::<String>::new(), "nothing is left to tell");
}

#[tokio::test(start_paused = true)]
async fn b51_a_switch_is_one_warning_and_its_former_member_one_a_minute_later() {
    let warnings = Warnings::default();
    let _recording = tracing::subscriber::set_default(warnings.clone());
    let stage = Stage::new();
    let _balance = stage.balance(stage.config());
    settled().await;
    warnings.taken();
    held_open(&stage.heavy);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(warnings.taken(), ["active member changed middle"]);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(warnings.taken(), ["member is unavailable heavy"]);
}
