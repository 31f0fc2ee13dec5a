//! What was seen, in the order in which it was.

mod call;
mod seen;
mod text;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis_failover::Event;

use super::{
    TICK,
    fault::{Fault, Phase},
};

pub use self::{
    call::{Call, Kind, Outcome},
    seen::{Seen, SeenMember},
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
