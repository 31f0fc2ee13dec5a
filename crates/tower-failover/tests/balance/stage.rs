//! Regions that answer with their names, and a look at what the balance makes of them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::{advance, sleep};
use tower::{Service, ServiceExt};
use tower_failover::availability::Evidence;
use tower_failover::balance::fixed;
use tower_failover::health::HealthWatch;
use tower_failover::{
    Availability, Chance, Check, Circuit, CircuitSettings, Event, EventStream, Events, FailoverConfig,
    FailoverError, Finding, Health, HealthPlan, Member, Probe, Signal, SwitchReason, Weight,
    WeightedFailoverBalance,
};

pub(crate) const GRACE: Duration = Duration::from_secs(60);

/// A service that is always ready and answers with its region's name.
#[derive(Debug, Clone)]
pub(crate) struct Answers(pub(crate) &'static str);

impl Service<()> for Answers {
    type Response = &'static str;
    type Error = Infallible;
    type Future = Ready<Result<&'static str, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(self.0))
    }
}

pub(crate) type Balance = WeightedFailoverBalance<Answers>;

/// A region with a circuit; its verdict is given by the test, or by a check.
#[derive(Clone)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) weight: Weight,
    pub(crate) circuit: Circuit,
}

impl Region {
    pub(crate) fn new(name: &'static str, weight: f64, events: &Events) -> Self {
        let availability = Availability::new(name, events.clone());
        let circuit = Circuit::new(availability, CircuitSettings::default().grace_period(GRACE));
        Self { name, weight: weighing(weight), circuit: circuit.expect("valid settings") }
    }

    pub(crate) fn member(&self) -> Member<Answers> {
        Member::new(Answers(self.name), self.availability().clone()).weight(self.weight)
    }

    pub(crate) fn availability(&self) -> &Availability {
        self.circuit.availability()
    }

    /// Its checks fail.
    pub(crate) fn falls(&self) {
        self.availability().signal(Signal::Verdict(Finding::unhealthy(Evidence::Unreachable("cut".into()))));
    }

    /// Its checks pass.
    pub(crate) fn rises(&self) {
        self.availability().signal(Signal::Verdict(Finding::healthy()));
    }

    /// Lets a scripted check watch it.
    pub(crate) fn watched(&self) -> Watched {
        let health = Arc::new(Mutex::new(Health::Healthy));
        let probes = Arc::new(AtomicU32::new(0));
        let hangs = Arc::new(AtomicBool::new(false));
        let (answer, count, silent) = (Arc::clone(&health), Arc::clone(&probes), Arc::clone(&hangs));
        let scripted = tower::service_fn(move |_: Probe| {
            count.fetch_add(1, Ordering::Relaxed);
            let answer = answer.lock().expect("a lock").clone();
            let silent = silent.load(Ordering::Relaxed);
            async move {
                if silent {
                    std::future::pending::<()>().await;
                }
                sleep(Duration::from_millis(10)).await;
                Ok::<_, Infallible>(answer)
            }
        });
        // Of its own for each region, so that they do not go in step, and the same in every run.
        let chance = Chance::seeded(self.weight.get().to_bits());
        let plan = HealthPlan::new([Check::new("scripted", scripted)]).chance(chance);
        let watch = plan.watch(self.availability());
        Watched { health, hangs, probes, _watch: watch.expect("a valid plan") }
    }
}

/// The script of a region's check.
pub(crate) struct Watched {
    health: Arc<Mutex<Health>>,
    hangs: Arc<AtomicBool>,
    probes: Arc<AtomicU32>,
    _watch: HealthWatch,
}

impl Watched {
    pub(crate) fn says(&self, health: Health) {
        *self.health.lock().expect("a lock") = health;
    }

    pub(crate) fn is_cut(&self) {
        self.says(Health::Unhealthy(Evidence::Unreachable("cut".into())));
    }

    /// It says nothing any more.
    pub(crate) fn hangs(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }

    pub(crate) fn probes(&self) -> u32 {
        self.probes.load(Ordering::Relaxed)
    }
}

/// Three regions, the heaviest last, so that the order of configuration helps nobody.
pub(crate) struct Stage {
    pub(crate) events: Events,
    pub(crate) light: Region,
    pub(crate) middle: Region,
    pub(crate) heavy: Region,
    pub(crate) seen: EventStream,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let events = Events::default();
        Self {
            light: Region::new("light", 0.25, &events),
            middle: Region::new("middle", 0.5, &events),
            heavy: Region::new("heavy", 1.0, &events),
            seen: events.subscribe(),
            events,
        }
    }

    pub(crate) fn config(&self) -> FailoverConfig {
        let mut config = FailoverConfig::default();
        config.events = self.events.clone();
        config.auto_fallback_interval = None;
        config
    }

    pub(crate) fn balance(&self, config: FailoverConfig) -> Balance {
        let members = [&self.light, &self.middle, &self.heavy].map(Region::member);
        Balance::new(fixed(members), config).expect("a valid configuration")
    }

    pub(crate) fn all_fall(&self) {
        for region in [&self.light, &self.middle, &self.heavy] {
            region.falls();
        }
    }

    /// All that was told since the last look.
    pub(crate) fn all_told(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.seen.next().now_or_never().flatten()).collect()
    }

    /// What was told since the last look, the circuits' and verdicts' own events aside.
    pub(crate) fn told(&mut self) -> Vec<Event> {
        let told = self.all_told().into_iter();
        told.filter(|event| !matches!(event, Event::CircuitChanged { .. } | Event::VerdictChanged { .. }))
            .collect()
    }

    /// The switches since the last look.
    pub(crate) fn switches(&mut self) -> Vec<(String, SwitchReason)> {
        let switch = |event| match event {
            Event::ActiveChanged { to, reason, .. } => Some((to.to_string(), reason)),
            _ => None,
        };
        self.told().into_iter().filter_map(switch).collect()
    }
}

pub(crate) fn weighing(weight: f64) -> Weight {
    Weight::new(weight).expect("a weight")
}

/// Lets the driver see what happened, without time passing.
pub(crate) async fn settled() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass in small steps, so that everybody wakes when they want to.
pub(crate) async fn pass(time: Duration) {
    sleep(time).await;
    advance(Duration::from_millis(2)).await;
    settled().await;
}

pub(crate) async fn ask(balance: &Balance) -> Result<&'static str, FailoverError<Infallible>> {
    balance.clone().oneshot(()).await
}

/// Who answers now, without any call.
pub(crate) fn active(balance: &Balance) -> Option<String> {
    balance.handle().snapshot().active.map(|name| name.to_string())
}
