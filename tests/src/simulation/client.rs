//! The client's host: the client of this workspace as it is, with everybody who uses and watches it.

use std::{cell::Cell, rc::Rc, time::Duration};

use redis_failover::{
    Backoff, ConfigError, DatabaseConfig, Events, MultiDbClient, MultiDbConfig, PubSubSettings, Suspicion,
};
use tokio::{
    runtime::Handle,
    task::{JoinSet, spawn_local},
    time::{Instant, advance, sleep},
};
use tower_failover::Chance;

use super::{
    TICK,
    director::Cues,
    history::{History, What, millis},
    network::Network,
    plan::{Plan, Settings},
    server::PORT,
    workload::{Bystander, Caller, observe, operate, read},
};

/// How long the start may take, and the end.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long after the end nothing may be left: what tells of failed calls once a second ends after one without any.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Writes to the history from within the client's host, by its clock.
///
/// # Clone
/// Clones write to the same history.
#[derive(Debug, Clone)]
pub struct Witness {
    history: History,
    origin: Instant,
}

impl Witness {
    /// Notes what is seen now.
    pub fn note(&self, what: What) {
        self.history.note_at(millis(self.origin.elapsed()), what);
    }
}

/// The software of the client's host. It ends when it is told to, and has closed the client.
///
/// # Errors
/// If the client cannot be made.
pub async fn run(plan: Plan, history: History, cues: Cues) -> Result<(), Box<dyn std::error::Error>> {
    let witness = Witness { history, origin: Instant::now() };
    let network = Network::default();
    let events = Events::new(4096);
    let config = config(&plan, &network, &witness)?.events(events.clone());
    let client = MultiDbClient::new(config)?;
    spawn_local(stall(cues.clone(), witness.clone()));
    let mut others = JoinSet::new();
    others.spawn_local(observe(client.clone(), events.subscribe(), witness.clone()));

    // A start that meets a fault goes on in the background.
    let _ = client.connect(PATIENCE).await;
    let mut callers = JoinSet::new();
    let numbers = Rc::new(Cell::new(0));
    for number in 0..plan.callers {
        let caller = Caller::new(&plan, number, client.clone(), witness.clone(), Rc::clone(&numbers));
        callers.spawn_local(caller.run(cues.clone()));
    }
    for (reader, warm) in [false, plan.settings.warm].into_iter().enumerate() {
        let pubsub = client.pubsub_with(PubSubSettings::new().warm(warm)).await?;
        others.spawn_local(read(reader, plan.seed, pubsub, witness.clone()));
    }
    others.spawn_local(operate(plan.clone(), client.clone(), witness.clone(), cues.clone()));

    while !cues.is_over() {
        sleep(TICK).await;
    }
    while callers.join_next().await.is_some() {}
    client.close(PATIENCE).await;
    witness.note(What::Closed);
    // Clones are kept meanwhile. What is spawned here runs in the host's local set, and is not counted.
    sleep(AFTERWARDS).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    witness.note(What::Left { tasks, connections: network.open() });
    others.shutdown().await;
    Ok(())
}

/// Moves the clock on when the director says so: nothing else runs meanwhile.
async fn stall(cues: Cues, witness: Witness) {
    loop {
        if let Some(stall) = cues.stall() {
            // Noted beforehand: whoever is late runs before this does again.
            let at = millis(witness.origin.elapsed() + stall);
            witness.history.leapt_to(at);
            witness.history.note_at(at, What::Woke(stall));
            advance(stall).await;
        }
        sleep(TICK).await;
    }
}

fn config(plan: &Plan, network: &Network, witness: &Witness) -> Result<MultiDbConfig, ConfigError> {
    let settings = &plan.settings;
    let mut databases = Vec::new();
    for (index, name) in plan.names().iter().enumerate() {
        let mut database = DatabaseConfig::from_url(&format!("redis://{name}:{PORT}"))?
            .name(*name)
            .weight(1.0 / (index + 1) as f64)
            .connector(network.clone())
            .add_failure_detector(Bystander::maker(index, witness));
        if index == 0 && !settings.heaviest_checked {
            database = database.health_checks([]);
        }
        databases.push(database);
    }
    let suspicion = Suspicion {
        after: Duration::from_millis(100),
        timeout: settings.probe_timeout,
        spacing: Duration::from_millis(100),
    };
    Ok(MultiDbConfig::new(databases)
        .chance(Chance::seeded(plan.seed))
        .health_check_interval(settings.health_interval)
        .health_check_probes(settings.probes)
        .health_check_delay(Settings::PROBE_DELAY)
        .health_check_probe_timeout(settings.probe_timeout)
        .redial_backoff(Backoff::new(Duration::from_millis(50), Settings::LONGEST_BACKOFF))
        .redial_spread(Duration::from_millis(200))
        .connect_timeout(Settings::CONNECT_TIMEOUT)
        .response_timeout(settings.response_timeout)
        .min_num_failures(settings.min_num_failures)
        .suspicion(if settings.suspicion { suspicion } else { Suspicion::off() })
        .unserviceable_after(Duration::from_millis(300))
        .grace_period(settings.grace)
        .flap_window(Duration::ZERO)
        .half_open_timeout(settings.half_open_timeout)
        .trial_calls(settings.trial_calls)
        .auto_fallback_interval(Some(settings.fallback))
        .failover_attempts(3)
        .failover_delay(Duration::from_secs(1))
        .wait_for_database(settings.wait))
}
