//! The commands, by family, and the one table that names them.

mod arguments;
mod connection;
mod counters;
mod hashes;
mod info;
mod keys;
mod lists;
mod pubsub;
mod refusal;
mod sets;
mod strings;
mod table;
mod transactions;

use std::time::Duration;

pub(super) use self::{
    refusal::Refusal,
    table::{Command, Flags, find},
};
use super::{
    client::{Client, ClientId},
    engine::Engine,
    resp::Value,
    store::Keyspace,
};

/// The reply of a command, or why it was not done.
pub(super) type Answer = Result<Value, Refusal>;

/// What a command wants to happen.
#[derive(Debug)]
pub(super) enum Outcome {
    Reply(Value),
    /// What there is to say has been sent already.
    Silent,
    /// Nothing yet: try again when a list has grown, for at most so long.
    Blocked(Option<Duration>),
    /// The whole server does nothing for so long, and then replies.
    Stall(Duration, Value),
    /// A reply, then the end of the connection.
    Close(Value),
}

/// What a command works on: the server, on behalf of one client.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) id: ClientId,
}

impl Context<'_> {
    pub(super) fn client(&mut self) -> &mut Client {
        self.engine.client(self.id)
    }

    /// The keys of the client's database.
    pub(super) fn keys(&mut self) -> Keyspace<'_> {
        let database = self.client().database;
        self.engine.store.keyspace(database)
    }

    pub(super) fn run(&mut self, command: &Command, arguments: &[Vec<u8>]) -> Outcome {
        match command.run(self, arguments) {
            Ok(outcome) => {
                self.engine.journal.note(command.name, arguments, &outcome);
                outcome
            }
            Err(refusal) => Outcome::Reply(refusal.into()),
        }
    }
}
