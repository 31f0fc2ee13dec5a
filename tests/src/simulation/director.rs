//! Lets faults happen and heal, when the plan says so.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Duration;

use failover_testkit::embedded::{Condition, Data};
use turmoil::Sim;

use super::{
    fault::Fault,
    history::{History, Millis, What, millis},
    plan::{Plan, Planned, Target, server_of},
    server::Server,
};

/// The client's host.
pub const CLIENT: &str = "client";

/// How much longer the way to a slow server is.
const SLOW: Duration = Duration::from_millis(120);
/// Our longest stall.
const LONGEST_STALL: Millis = 2500;

/// What the director wants of the client.
///
/// # Clone
/// Clones say the same.
#[derive(Debug, Clone, Default)]
pub struct Cues(Arc<Wishes>);

#[derive(Debug, Default)]
struct Wishes {
    stall: AtomicU64,
    calm: AtomicBool,
    over: AtomicBool,
}

impl Cues {
    /// For how long the client is to stand still now; once.
    #[must_use]
    pub fn stall(&self) -> Option<Duration> {
        let stall = self.0.stall.swap(0, Ordering::Relaxed);
        (stall > 0).then(|| Duration::from_millis(stall))
    }

    /// Whether nobody is to do anything unusual any more.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.0.calm.load(Ordering::Relaxed)
    }

    /// Whether the client is to end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }
}

/// Lets the faults of a plan happen.
#[derive(Debug)]
pub struct Director {
    coming: Vec<Planned>,
    present: Vec<Present>,
    servers: Vec<Server>,
    latency: Duration,
    history: History,
    cues: Cues,
    quiet_for: Millis,
    quiet_since: Option<Millis>,
}

#[derive(Debug)]
struct Present {
    fault: Fault,
    server: Option<usize>,
    until: Millis,
}

impl Director {
    /// For these servers.
    #[must_use]
    pub fn new(plan: &Plan, servers: &[Server], history: &History, cues: &Cues) -> Self {
        Self {
            coming: plan.faults.iter().rev().copied().collect(),
            present: Vec::new(),
            servers: servers.to_vec(),
            latency: plan.latency,
            history: history.clone(),
            cues: cues.clone(),
            quiet_for: millis(plan.settings.return_within()),
            quiet_since: None,
        }
    }

    /// What is due before the next tick.
    pub fn act(&mut self, sim: &Sim<'_>) {
        let now = self.history.world();
        let (over, present) = self.present.drain(..).partition(|present| present.until <= now);
        self.present = present;
        for Present { fault, server, .. } in over {
            self.heal(sim, fault, server);
        }
        while let Some(planned) = self.coming.pop_if(|planned| planned.at <= now) {
            self.begin(sim, planned, now);
        }
        match self.quiet_since {
            None if self.coming.is_empty() && self.present.is_empty() => {
                self.history.note(What::AllHealed);
                self.cues.0.calm.store(true, Ordering::Relaxed);
                self.quiet_since = Some(now);
            }
            Some(since) if now >= since + self.quiet_for => self.cues.0.over.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    fn begin(&mut self, sim: &Sim<'_>, planned: Planned, now: Millis) {
        let seen = self.history.seen();
        let Planned { fault, mut lasts, target, .. } = planned;
        if fault == Fault::Stall {
            lasts = lasts.min(LONGEST_STALL);
            self.cues.0.stall.store(lasts, Ordering::Relaxed);
            self.history.note(What::Begun(fault, None, seen.phase()));
            // The client's time passes at once.
            self.present.push(Present { fault, server: None, until: now });
            return;
        }
        let server = match target {
            Target::Active => seen.active.as_deref().and_then(server_of).unwrap_or(0),
            Target::Server(server) => server,
        };
        self.history.note(What::Begun(fault, Some(server), seen.phase()));
        self.present.push(Present { fault, server: Some(server), until: now + lasts });
        let (control, host) = (self.servers[server].control(), self.servers[server].name());
        match fault {
            Fault::Kill => control.kill(),
            Fault::Wipe => {
                control.answer(Condition::ReadOnly);
                restart(&self.servers[server], Data::Emptied);
            }
            Fault::Crash => {
                sim.hold(CLIENT, host);
                control.kill();
            }
            Fault::Freeze => control.freeze(),
            Fault::Loading => control.answer(Condition::Loading),
            Fault::Partition => sim.partition(CLIENT, host),
            Fault::BlackHole | Fault::Hold => sim.hold(CLIENT, host),
            Fault::Deaf => sim.partition_oneway(CLIENT, host),
            Fault::Mute => sim.partition_oneway(host, CLIENT),
            Fault::Slow => sim.set_link_latency(CLIENT, host, self.latency + SLOW),
            Fault::Stall => {}
        }
    }

    fn heal(&self, sim: &Sim<'_>, fault: Fault, server: Option<usize>) {
        self.history.note(What::Healed(fault, server));
        let Some(server) = server else { return };
        let (control, host) = (self.servers[server].control(), self.servers[server].name());
        match fault {
            Fault::Kill => start(&self.servers[server]),
            Fault::Wipe | Fault::Loading => control.answer(Condition::Normal),
            Fault::Crash => {
                lose(sim, host);
                start(&self.servers[server]);
            }
            Fault::Freeze => control.thaw(),
            Fault::Partition | Fault::Deaf | Fault::Mute => sim.repair(CLIENT, host),
            Fault::BlackHole => lose(sim, host),
            Fault::Hold => sim.release(CLIENT, host),
            Fault::Slow => sim.set_link_latency(CLIENT, host, self.latency),
            Fault::Stall => {}
        }
    }
}

/// Heals a link, and loses what was held on it.
fn lose(sim: &Sim<'_>, host: &str) {
    sim.partition(CLIENT, host);
    sim.repair(CLIENT, host);
}

/// Starts a server with its data, unless it runs.
fn start(server: &Server) {
    if !server.control().is_up() {
        restart(server, Data::Kept);
    }
}

#[expect(clippy::expect_used, reason = "only a server that listens on a port can fail")]
fn restart(server: &Server, data: Data) {
    server.control().restart(data).expect("no port to listen on");
}
