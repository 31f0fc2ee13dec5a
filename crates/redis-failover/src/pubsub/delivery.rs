//! Whose messages the reader gets, and where the gaps are. Plain and synchronous.

use std::sync::Arc;

use redis::Msg;
use tokio::time::{Duration, Instant};
use tower_failover::event::Name;

use super::PubSubItem;
use super::buffer::{Buffer, Limits};
use super::inbox::Inbox;

/// One connection among all that a subscriber has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// Passes on the messages of one connection at a time, and marks where it turns to another.
///
/// It turns to a connection of the active database as soon as everything is subscribed there, and never back. Until
/// then the former connection's messages are passed on, if any come; afterwards its generation is no longer known.
///
/// What other connections receive is held back. When their database becomes active, what it received *since the former
/// one was last heard of* is passed on, and the rest is forgotten: publishers may have moved before we did, but not
/// before the former database fell silent. Where they are moved by hand they may; how long before is the `overlap`.
pub(super) struct Delivery {
    inbox: Arc<Inbox>,
    limits: Limits,
    overlap: Duration,
    opened: u64,
    connections: Vec<Connection>,
    active: Option<Name>,
    current: Option<Generation>,
    /// Where the last message passed on came from, or could have.
    last: Option<Name>,
    /// When the current connection was last heard of; stays when it ends.
    heard: Option<Instant>,
    /// When a message was last passed on.
    passed_on: Option<Instant>,
    /// Nothing can be missed before anything is subscribed.
    subscribed: bool,
}

struct Connection {
    generation: Generation,
    database: Name,
    /// Everything is subscribed there.
    settled: bool,
    held_back: Buffer,
}

impl Delivery {
    pub(super) fn new(inbox: Arc<Inbox>, limits: Limits, overlap: Duration) -> Self {
        Self {
            inbox,
            limits,
            overlap,
            opened: 0,
            connections: Vec::new(),
            active: None,
            current: None,
            last: None,
            heard: None,
            passed_on: None,
            subscribed: false,
        }
    }

    /// The database that serves.
    pub(super) fn active(&self) -> Option<&Name> {
        self.active.as_ref()
    }

    /// The connection whose messages are passed on, while it lives.
    pub(super) fn current(&self) -> Option<Generation> {
        self.current
    }

    /// The connection whose messages are passed on, if its database is the active one.
    pub(super) fn current_of_active(&self) -> Option<Generation> {
        let current = self.connections.iter().find(|one| Some(one.generation) == self.current)?;
        (Some(&current.database) == self.active.as_ref()).then_some(current.generation)
    }

    /// Something was subscribed, or is about to be.
    pub(super) fn subscribed(&mut self) {
        self.subscribed = true;
    }

    pub(super) fn opened(&mut self, database: Name) -> Generation {
        self.opened += 1;
        let generation = Generation(self.opened);
        let held_back = Buffer::new(self.limits);
        self.connections.push(Connection { generation, database, settled: false, held_back });
        generation
    }

    pub(super) fn ended(&mut self, generation: Generation) {
        self.connections.retain(|connection| connection.generation != generation);
        self.current.take_if(|current| *current == generation);
    }

    /// The server has answered for everything that is subscribed.
    pub(super) fn settled(&mut self, generation: Generation, now: Instant) {
        if let Some(connection) = self.connections.iter_mut().find(|one| one.generation == generation) {
            connection.settled = true;
        }
        self.turn(now);
    }

    /// The connection lives.
    pub(super) fn heard(&mut self, generation: Generation, now: Instant) {
        if self.current == Some(generation) {
            self.heard = Some(now);
        }
    }

    pub(super) fn message(&mut self, generation: Generation, message: Msg, now: Instant) {
        let message = PubSubItem::Message(message);
        if self.current == Some(generation) {
            self.heard = Some(now);
            self.passed_on = Some(now);
            return self.inbox.push(now, message);
        }
        let since = self.new_since(now);
        let Some(connection) = self.connections.iter_mut().find(|one| one.generation == generation) else {
            return;
        };
        if Some(&connection.database) != self.active.as_ref() {
            connection.held_back.forget_before(since);
        }
        connection.held_back.push(now, message);
    }

    /// Another database serves, or none.
    pub(super) fn activate(&mut self, active: Option<Name>, now: Instant) {
        if self.active == active {
            return;
        }
        let since = self.new_since(now);
        for connection in self.connections.iter_mut().filter(|one| Some(&one.database) == active.as_ref()) {
            connection.held_back.forget_before(since);
        }
        self.active = active;
        self.turn(now);
    }

    /// How many messages are held back.
    #[cfg(test)]
    pub(super) fn held_back(&self) -> usize {
        self.connections.iter().map(|connection| connection.held_back.len()).sum()
    }

    /// Since when what another database receives would be new to the reader, if that one became active now.
    fn new_since(&self, now: Instant) -> Instant {
        let overlap = now.checked_sub(self.overlap).unwrap_or(now);
        let passed_on = self.passed_on.map_or(overlap, |passed_on| passed_on.max(overlap));
        self.heard.map_or(now, |heard| heard.min(passed_on))
    }

    fn turn(&mut self, now: Instant) {
        let current = self.current;
        let next = self.connections.iter_mut().find(|one| {
            one.settled && Some(&one.database) == self.active.as_ref() && Some(one.generation) != current
        });
        let Some(next) = next else { return };
        let to = next.database.clone();
        if let Some(from) = self.last.replace(to.clone())
            && self.subscribed
        {
            self.inbox.push(now, PubSubItem::Gap { from, to });
        }
        self.current = Some(next.generation);
        self.heard = Some(now);
        while let Some(item) = next.held_back.pop() {
            self.inbox.push(now, item);
        }
    }
}
