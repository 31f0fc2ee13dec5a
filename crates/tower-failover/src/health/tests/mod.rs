//! Stories of health checks, on a paused clock.

mod checked;
mod observer;
mod requests;
mod rounds;
mod stream;
mod suspicion;
mod verdicts;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, StreamExt};
use tokio::time::{Duration, Instant, sleep};
use tower::{BoxError, service_fn};

use super::{Check, Health, HealthPlan, HealthSettings, HealthWatch, Probe, ProbeCause};
use crate::availability::{Availability, Evidence, Verdict};
use crate::chance::Chance;
use crate::event::{Event, EventStream, Events};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a scripted check does when it is asked.
#[derive(Debug, Clone)]
enum Step {
    Say(Health),
    Fail,
    Refuse,
    Hang,
    Take(Duration, Box<Step>),
    /// The whole runtime stalls, as seen by the paused clock.
    Stall(Duration, Box<Step>),
    Panic,
}

use Step::{Fail, Hang, Panic, Refuse, Say, Stall, Take};

const WELL: Step = Say(Health::Healthy);

impl Step {
    fn after(self, duration: Duration) -> Self {
        Take(duration, Box::new(self))
    }

    fn after_stall(self, duration: Duration) -> Self {
        Stall(duration, Box::new(self))
    }

    /// A probe that is never answered, and whose timeout of a second is noticed so late.
    fn noticed_late(late: Duration) -> Self {
        Hang.after_stall(late + millis(1)).after(millis(999))
    }

    async fn act(self) -> Result<Health, BoxError> {
        match self {
            Say(health) => Ok(health),
            Fail => Err("no".into()),
            Refuse => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            Hang => std::future::pending().await,
            Take(duration, step) => {
                sleep(duration).await;
                Box::pin(step.act()).await
            }
            Stall(duration, step) => {
                tokio::time::advance(duration).await;
                Box::pin(step.act()).await
            }
            Panic => panic!("scripted"),
        }
    }
}

/// A check that follows a script, and keeps to the last step for ever.
#[derive(Clone)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    asked: Arc<Mutex<Vec<(Instant, Probe)>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Arc::new(Mutex::new(steps.into_iter().collect())), asked: Arc::default() }
    }

    fn now_follow(&self, steps: impl IntoIterator<Item = Step>) {
        *self.steps.lock().unwrap() = steps.into_iter().collect();
    }

    fn check(&self, name: &str) -> Check {
        let script = self.clone();
        Check::new(
            name,
            service_fn(move |probe: Probe| {
                script.asked.lock().unwrap().push((Instant::now(), probe));
                let mut steps = script.steps.lock().unwrap();
                let step = if steps.len() > 1 { steps.pop_front() } else { steps.front().cloned() };
                step.unwrap_or(WELL).act()
            }),
        )
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn asked_at(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn causes(&self) -> Vec<ProbeCause> {
        self.asked.lock().unwrap().iter().map(|(_, probe)| probe.cause).collect()
    }

    fn timeouts(&self) -> Vec<Duration> {
        self.asked.lock().unwrap().iter().map(|(_, probe)| probe.timeout).collect()
    }
}

/// A member with its probe loop and its events.
struct Watched {
    availability: Availability,
    events: EventStream,
    watch: HealthWatch,
}

impl Watched {
    fn by(plan: &HealthPlan) -> Self {
        let events = Events::default();
        let availability = Availability::new("eu-west", events.clone());
        let stream = events.subscribe();
        let watch = plan.watch(&availability).unwrap();
        Self { availability, events: stream, watch }
    }

    fn verdict(&self) -> Verdict {
        self.availability.view().verdict
    }

    fn evidence(&self) -> Option<Evidence> {
        self.availability.view().evidence
    }

    /// The next verdict that is not the present one.
    async fn changes(&mut self) -> Verdict {
        loop {
            if let Event::VerdictChanged { to, .. } = self.events.next().await.unwrap() {
                return to;
            }
        }
    }

    /// All events so far.
    fn told(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.next().now_or_never().flatten()).collect()
    }
}

/// The default settings without jitter.
fn steady() -> HealthSettings {
    HealthSettings { interval_jitter: 0.0, ..HealthSettings::default() }
}

fn plan(checks: impl IntoIterator<Item = Check>) -> HealthPlan {
    HealthPlan::new(checks).settings(steady()).chance(Chance::seeded(7))
}
