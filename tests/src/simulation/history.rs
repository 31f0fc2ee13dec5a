//! What was seen, in the order in which it was.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis_failover::Event;
use tower_failover::{Name, Verdict, availability::CircuitState};

use super::{
    TICK,
    fault::{Fault, Phase},
};

/// Milliseconds of the client's time.
pub type Millis = u64;

/// One thing that was seen.
#[derive(Debug, Clone)]
pub struct Record {
    /// When.
    pub at: Millis,
    /// What.
    pub what: What,
}

/// What was seen.
#[derive(Debug, Clone)]
pub enum What {
    /// A fault began, at a server or at us.
    Begun(Fault, Option<usize>, Phase),
    /// It is over.
    Healed(Fault, Option<usize>),
    /// We stood still for so long, until now.
    Woke(Duration),
    /// The last one is over; nothing happens from now on.
    AllHealed,
    /// A call began.
    Called(Call),
    /// A call has ended.
    Settled(u64, Outcome),
    /// A call was given up by its caller.
    Abandoned(u64),
    /// A server ran a command for a call.
    Ran {
        /// Which.
        server: usize,
        /// The command's name.
        command: String,
        /// Whose it was.
        call: u64,
    },
    /// The client told this.
    Told(Event),
    /// The client showed this.
    Seen(Seen),
    /// A failure detector was shown that an attempt failed.
    Counted {
        /// Of a call to which database.
        server: usize,
        /// The epoch of its circuit.
        epoch: u64,
        /// How long the attempt took.
        took: Duration,
    },
    /// A subscriber read this.
    Read(usize, Item),
    /// A person ordered this.
    Ordered(&'static str, String),
    /// The client was closed.
    Closed,
    /// What was left a while later: tasks and connections.
    Left {
        /// Tasks that run.
        tasks: usize,
        /// Connections that are open.
        connections: usize,
    },
}

/// A call, when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number, which is in its payload.
    pub id: u64,
    /// What it does.
    pub kind: Kind,
    /// How long it may take.
    pub limit: Duration,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ECHO`: nothing changes, and the reply is the call's own.
    Echo,
    /// `SET` of a key of its own: may be repeated.
    Set,
    /// `INCR` of a key of its own: must not be repeated.
    Increment,
    /// A pipeline that writes, asks which server it is on, and echoes.
    Pipeline,
    /// `MULTI` … `EXEC`, with an `INCR` among it.
    Atomic,
    /// A transaction that watches a shared counter.
    Transaction,
    /// `BLPOP` of a list that stays empty.
    Pop,
}

impl Kind {
    /// Whether it must not be applied twice.
    #[must_use]
    pub const fn is_once(self) -> bool {
        matches!(self, Self::Increment | Self::Atomic | Self::Transaction)
    }

    /// Whether it writes, as a whole or not at all.
    #[must_use]
    pub const fn writes(self) -> bool {
        self.is_once() || matches!(self, Self::Set)
    }

    /// The command by which a server is seen to apply it.
    #[must_use]
    pub const fn applied_by(self) -> Option<&'static str> {
        match self {
            Self::Set | Self::Pipeline => Some("set"),
            Self::Increment => Some("incr"),
            // As redis-rs sends it.
            Self::Atomic => Some("incrby"),
            Self::Transaction => Some("rpush"),
            Self::Echo | Self::Pop => None,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With its reply, and the server that says it has given it.
    Answered {
        /// Whether the reply is this call's.
        own: bool,
        /// Which server said it was it, if one was asked and knew.
        by: Option<usize>,
        /// What was replied, if it is another's.
        reply: String,
    },
    /// It may have been applied.
    Ambiguous(String),
    /// It failed, and was not applied.
    Failed(String),
}

/// What a subscriber read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The message of this number, of a server.
    Message(usize, u64),
    /// Something may be missing here.
    Gap(usize, usize),
    /// So many were dropped, because the reader was slow.
    Lagged(u64),
    /// A message that nobody has sent.
    Foreign(String),
}

/// What a snapshot showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Who serves.
    pub active: Option<Name>,
    /// The version of that choice.
    pub version: u64,
    /// Whether there is an outage.
    pub outage: bool,
    /// All members, the heaviest first.
    pub members: Vec<SeenMember>,
}

/// What a snapshot showed of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMember {
    /// Its name.
    pub name: Name,
    /// Whether it is shown as the one that serves.
    pub active: bool,
    /// What its checks say.
    pub verdict: Verdict,
    /// Its circuit.
    pub circuit: CircuitState,
    /// The epoch of its circuit.
    pub epoch: u64,
    /// How many trial calls a half-open circuit would admit; `None` if calls do not try it.
    pub free_trials: Option<u32>,
    /// Whether its circuit is held open by hand.
    pub forced: bool,
    /// Whether it is drained.
    pub drained: bool,
}

impl Seen {
    /// What the client is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let Some(heaviest) = self.members.first() else { return Phase::Starting };
        let is_closed = |member: &SeenMember| member.circuit == CircuitState::Closed;
        match &self.active {
            None if self.version == 0 => Phase::Starting,
            None => Phase::Outage,
            _ if self.outage => Phase::Outage,
            Some(active) if *active == heaviest.name => {
                if self.members.iter().all(is_closed) {
                    Phase::Steady
                } else {
                    Phase::StandbyAway
                }
            }
            Some(_) if heaviest.circuit == CircuitState::Open => Phase::FailedOver,
            Some(_) => Phase::Returning,
        }
    }
}

/// The one history of a run.
///
/// # Clone
/// Clones write to the same history.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Record>,
    world: Millis,
    /// How far the client's clock is ahead of the world's.
    ahead: Millis,
    seen: Seen,
}

impl History {
    /// Notes what was seen at a moment of the client's clock.
    pub fn note_at(&self, at: Millis, what: What) {
        let mut inner = self.lock();
        if let What::Seen(seen) = &what {
            inner.seen = seen.clone();
        }
        inner.records.push(Record { at, what });
    }

    /// Notes what was seen elsewhere than in the client.
    pub fn note(&self, what: What) {
        let at = self.now();
        self.note_at(at, what);
    }

    /// The beginning of this tick, in the client's time.
    #[must_use]
    pub fn now(&self) -> Millis {
        let inner = self.lock();
        inner.world + inner.ahead
    }

    /// A tick is over.
    pub fn tick(&self) {
        self.lock().world += millis(TICK);
    }

    /// How much time of the world has passed.
    #[must_use]
    pub fn world(&self) -> Millis {
        self.lock().world
    }

    /// The client's clock was moved on, and its tick ends here.
    pub fn leapt_to(&self, at: Millis) {
        let mut inner = self.lock();
        inner.ahead = at.saturating_sub(inner.world + millis(TICK));
    }

    /// What the client last showed.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.lock().seen.clone()
    }

    /// Everything so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.lock().records.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7} ", self.at)?;
        match &self.what {
            What::Begun(fault, server, phase) => write!(f, "fault {fault}{} ({phase})", place(*server)),
            What::Healed(fault, server) => write!(f, "healed {fault}{}", place(*server)),
            What::Woke(stall) => write!(f, "woke after {} ms", stall.as_millis()),
            What::AllHealed => f.write_str("all is healed"),
            What::Called(Call { id, kind, limit }) => {
                write!(f, "call {id} {kind:?} within {} ms", limit.as_millis())
            }
            What::Settled(call, outcome) => write!(f, "call {call} {outcome:?}"),
            What::Abandoned(call) => write!(f, "call {call} abandoned"),
            What::Ran { server, command, call } => write!(f, "server {server} ran {command} of call {call}"),
            What::Told(event) => write!(f, "event {event:?}"),
            What::Seen(seen) => {
                write!(f, "seen v{} {}", seen.version, seen.active.as_deref().unwrap_or("nobody"))?;
                for SeenMember { name, verdict, circuit, forced, drained, free_trials, .. } in &seen.members {
                    let free = free_trials.map_or_else(String::new, |free| format!(" {free} trials free"));
                    let forced = if *forced { " forced" } else { "" };
                    let drained = if *drained { " drained" } else { "" };
                    write!(f, " [{name} {verdict:?} {circuit:?}{free}{forced}{drained}]")?;
                }
                Ok(())
            }
            What::Counted { server, epoch, took } => {
                write!(f, "counted at server {server} in epoch {epoch}: failed after {} ms", took.as_millis())
            }
            What::Read(reader, item) => write!(f, "reader {reader} {item:?}"),
            What::Ordered(order, result) => write!(f, "order {order}: {result}"),
            What::Closed => f.write_str("closed"),
            What::Left { tasks, connections } => write!(f, "left {tasks} tasks, {connections} connections"),
        }
    }
}

fn place(server: Option<usize>) -> String {
    server.map_or_else(String::new, |server| format!(" at server {server}"))
}
