//! The server without its connections: takes requests of clients, one at a time, and gives replies.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use tokio::sync::Notify;

use super::{
    accounts::Accounts,
    client::{Client, ClientId, Outbox},
    clock::Clock,
    commands::{self, Command, Context, Flags, Outcome, Refusal},
    condition::Condition,
    journal::Journal,
    pubsub::PubSub,
    resp::{Protocol, Value},
    store::Store,
};

/// Everything a server knows. Synchronous: whoever runs it holds its lock.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) store: Store,
    pub(super) pubsub: PubSub,
    pub(super) clock: Clock,
    pub(super) condition: Condition,
    pub(super) configuration: BTreeMap<String, Vec<u8>>,
    /// Wakes those who wait for an item of a list.
    pub(super) list_grew: Arc<Notify>,
    accounts: Accounts,
    clients: BTreeMap<ClientId, Client>,
    connections_accepted: u64,
    commands: BTreeMap<&'static str, u64>,
    pub(super) journal: Journal,
}

impl Engine {
    pub(super) fn new(accounts: Accounts) -> Self {
        Self {
            store: Store::default(),
            pubsub: PubSub::default(),
            clock: Clock::start(),
            condition: Condition::default(),
            configuration: default_configuration(),
            list_grew: Arc::default(),
            accounts,
            clients: BTreeMap::new(),
            connections_accepted: 0,
            commands: BTreeMap::new(),
            journal: Journal::default(),
        }
    }

    pub(super) fn connect(&mut self, peer: String) -> (ClientId, Arc<Outbox>) {
        self.connections_accepted += 1;
        let client = Client::new(peer, self.accounts.initial());
        let outbox = Arc::clone(&client.outbox);
        self.clients.insert(self.connections_accepted, client);
        (self.connections_accepted, outbox)
    }

    pub(super) fn disconnect(&mut self, id: ClientId) {
        self.unwatch(id);
        if let Some(client) = self.clients.remove(&id) {
            self.pubsub.forget(id, &client.subscriptions);
        }
    }

    /// Makes a client as it was when it connected, as RESET does.
    pub(super) fn reset(&mut self, id: ClientId) {
        self.unwatch(id);
        let user = self.accounts.initial();
        let client = self.client(id);
        let subscriptions = std::mem::take(&mut client.subscriptions);
        client.transaction = None;
        client.database = 0;
        client.name.clear();
        client.user = user;
        client.outbox.speak(Protocol::Resp2);
        self.pubsub.forget(id, &subscriptions);
    }

    #[expect(clippy::expect_used, reason = "a session runs commands only between connect and disconnect")]
    pub(super) fn client(&mut self, id: ClientId) -> &mut Client {
        self.clients.get_mut(&id).expect("a connected client")
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (&ClientId, &Client)> {
        self.clients.iter()
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Connections since the start; the number of the last one is its client's.
    pub(super) fn connections_accepted(&self) -> u64 {
        self.connections_accepted
    }

    /// How often each command was processed, refused ones included.
    pub(super) fn commands(&self) -> &BTreeMap<&'static str, u64> {
        &self.commands
    }

    pub(super) fn watch(&mut self, id: ClientId, database: usize, key: &[u8]) {
        let watch = &mut self.client(id).watch;
        let flag = Arc::clone(&watch.changed);
        if watch.keys.insert((database, key.to_vec())) {
            self.store.watch(database, key.to_vec(), &flag);
        }
    }

    /// Ends all watching of a client; says whether a key has changed meanwhile.
    pub(super) fn unwatch(&mut self, id: ClientId) -> bool {
        let Some(client) = self.clients.get_mut(&id) else { return false };
        let flag = Arc::clone(&client.watch.changed);
        for (database, key) in std::mem::take(&mut client.watch.keys) {
            self.store.unwatch(database, key, &flag);
        }
        flag.swap(false, Ordering::SeqCst)
    }

    /// Takes a request: refuses it, queues it for EXEC, or runs it.
    pub(super) fn execute(&mut self, id: ClientId, request: &[Vec<u8>]) -> Outcome {
        let command = match self.admit(id, request) {
            Ok(command) => command,
            Err(refusal) => return Outcome::Reply(refusal.into()),
        };
        if !command.has(Flags::IMMEDIATE)
            && let Some(transaction) = &mut self.client(id).transaction
        {
            transaction.queued.push((command, request[1..].to_vec()));
            return Outcome::Reply(Value::Simple("QUEUED".into()));
        }
        Context { engine: self, id }.run(command, &request[1..])
    }

    /// Runs again a request that had to wait.
    pub(super) fn try_again(&mut self, id: ClientId, request: &[Vec<u8>]) -> Outcome {
        match commands::find(&request[0]) {
            Some(command) => Context { engine: self, id }.run(command, &request[1..]),
            None => Outcome::Silent,
        }
    }

    /// Whether the request may be run, and the damage its refusal does to a transaction.
    fn admit(&mut self, id: ClientId, request: &[Vec<u8>]) -> Result<&'static Command, Refusal> {
        let command = commands::find(&request[0]);
        if let Some(command) = command {
            *self.commands.entry(command.name).or_default() += 1;
        }
        let refusal = match self.check(id, command, request) {
            Ok(command) => return Ok(command),
            Err(refusal) => refusal,
        };
        let client = self.client(id);
        if command.is_some_and(|command| command.name == "exec") && client.transaction.take().is_some() {
            self.unwatch(id);
            return Err(Refusal::discarded(&refusal));
        }
        if let Some(transaction) = &mut client.transaction {
            transaction.refused = true;
        }
        Err(refusal)
    }

    fn check(
        &mut self,
        id: ClientId,
        command: Option<&'static Command>,
        request: &[Vec<u8>],
    ) -> Result<&'static Command, Refusal> {
        let command = command.ok_or_else(|| Refusal::unknown_command(request))?;
        if !command.takes(request.len()) {
            return Err(Refusal::arity(command.name));
        }
        let condition = self.condition.clone();
        let client = self.client(id);
        if client.user.is_none() && !command.has(Flags::NO_AUTH) {
            return Err(Refusal::fixed("NOAUTH Authentication required."));
        }
        let name = command.name;
        if client.is_subscriber() && !command.has(Flags::PUBSUB) {
            return Err(Refusal::new(format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
                 allowed in this context"
            )));
        }
        let transaction = client.transaction.as_ref();
        if transaction.is_some() && command.has(Flags::NO_MULTI) {
            return Err(Refusal::fixed("ERR Command not allowed inside a transaction"));
        }
        // EXEC is refused for each command it would run.
        let queued = transaction.filter(|_| name == "exec").into_iter().flat_map(|tx| &tx.queued);
        let run = std::iter::once(command).chain(queued.map(|(command, _)| *command));
        match run.into_iter().find_map(|command| condition.refuses(command)) {
            Some(refusal) => Err(refusal),
            None => Ok(command),
        }
    }
}

/// The few settings clients look at.
fn default_configuration() -> BTreeMap<String, Vec<u8>> {
    [
        ("appendonly", "no"),
        ("databases", "16"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
        ("notify-keyspace-events", ""),
        ("save", ""),
        ("timeout", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .into()
}
