//! What the server knows of a connected client.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use tokio::{sync::Notify, time::Instant};

use super::{
    commands::Command,
    pubsub::Kind,
    resp::{Protocol, Value},
};

/// Numbers clients from one, as CLIENT ID does.
pub(super) type ClientId = u64;

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) peer: String,
    pub(super) connected: Instant,
    pub(super) outbox: Arc<Outbox>,
    /// The user it has authenticated as, or is by default.
    pub(super) user: Option<String>,
    pub(super) name: Vec<u8>,
    pub(super) database: usize,
    pub(super) transaction: Option<Transaction>,
    pub(super) watch: Watch,
    pub(super) subscriptions: BTreeSet<(Kind, Vec<u8>)>,
    pub(super) blocked: bool,
}

impl Client {
    pub(super) fn new(peer: String, user: Option<String>) -> Self {
        Self {
            peer,
            connected: Instant::now(),
            outbox: Arc::default(),
            user,
            name: Vec::new(),
            database: 0,
            transaction: None,
            watch: Watch::default(),
            subscriptions: BTreeSet::new(),
            blocked: false,
        }
    }

    /// Whether it speaks RESP2 and has subscribed, so that it may do little else: replies could not be told
    /// from messages.
    pub(super) fn is_subscriber(&self) -> bool {
        !self.subscriptions.is_empty() && self.outbox.protocol() == Protocol::Resp2
    }
}

/// Commands between MULTI and EXEC.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) queued: Vec<(&'static Command, Vec<Vec<u8>>)>,
    /// A command was refused, so EXEC will be too.
    pub(super) refused: bool,
}

/// Keys that must not change before EXEC, and whether one has.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) keys: BTreeSet<(usize, Vec<u8>)>,
    pub(super) changed: Arc<AtomicBool>,
}

/// Bytes on their way to a client: replies, and what other clients publish.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
    closed: Notify,
}

#[derive(Debug)]
struct Waiting {
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Default for Outbox {
    fn default() -> Self {
        let waiting = Waiting { protocol: Protocol::Resp2, bytes: Vec::new() };
        Self { waiting: Mutex::new(waiting), filled: Notify::new(), closed: Notify::new() }
    }
}

impl Outbox {
    pub(super) fn send(&self, value: &Value) {
        let mut waiting = self.waiting();
        let protocol = waiting.protocol;
        value.encode(protocol, &mut waiting.bytes);
        self.filled.notify_one();
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.waiting().protocol
    }

    pub(super) fn speak(&self, protocol: Protocol) {
        self.waiting().protocol = protocol;
    }

    /// Takes the waiting bytes; `bytes` must be empty and keeps its room.
    pub(super) fn take(&self, bytes: &mut Vec<u8>) {
        std::mem::swap(&mut self.waiting().bytes, bytes);
    }

    /// Something was sent since this was awaited last.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Ends the connection from outside, as CLIENT KILL does.
    pub(super) fn close(&self) {
        self.closed.notify_one();
    }

    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
