//! One run: from a plan to its history.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use turmoil::{Builder, Sim};

use super::{
    TICK, client,
    director::{CLIENT, Cues, Director},
    history::{History, Record},
    plan::Plan,
    server::Server,
};

/// No run lasts longer, in virtual time.
pub const LONGEST: Duration = Duration::from_secs(120);

/// What a run has come to.
#[derive(Debug)]
pub struct Run {
    /// What was planned.
    pub plan: Plan,
    /// What was seen.
    pub records: Vec<Record>,
    /// How much virtual time has passed.
    pub lasted: Duration,
    /// Why it did not come to its end, if it did not.
    pub broken: Option<String>,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64) -> Run {
    let plan = Plan::of(seed);
    let history = History::default();
    let broken = catch_unwind(AssertUnwindSafe(|| play(&plan, &history)));
    let broken = match broken {
        Ok(result) => result.err(),
        Err(panic) => Some(format!("a panic: {}", text_of(&*panic))),
    };
    Run { plan, records: history.records(), lasted: Duration::from_millis(history.world()), broken }
}

fn play(plan: &Plan, history: &History) -> Result<(), String> {
    let cues = Cues::default();
    let servers: Vec<Server> = (0..plan.servers).map(|number| Server::new(number, history.clone())).collect();
    let mut sim = build(plan);
    for server in &servers {
        sim.host(server.name(), || server.clone().run());
    }
    sim.client(CLIENT, client::run(plan.clone(), history.clone(), cues.clone()));
    for server in &servers {
        sim.set_link_latency(CLIENT, server.name(), plan.latency);
    }
    let mut director = Director::new(plan, &servers, history, &cues);
    loop {
        director.act(&sim);
        let is_over = sim.step().map_err(|error| error.to_string())?;
        history.tick();
        if is_over {
            return Ok(());
        }
    }
}

fn build(plan: &Plan) -> Sim<'static> {
    Builder::new()
        .rng_seed(plan.seed)
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .tcp_capacity(1024)
        .build()
}

/// What a panic says.
fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "without words",
    }
}
