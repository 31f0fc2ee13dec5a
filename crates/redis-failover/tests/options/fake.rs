use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::Value;
use redis_failover::{Command, DatabaseConfig, MultiDbClient, MultiDbConfig};
use tower::service_fn;

pub(crate) const LONG: Duration = Duration::from_secs(600);

/// A database that answers every command with its name, while it is up.
#[derive(Clone)]
pub(crate) struct Fake {
    name: &'static str,
    up: Arc<AtomicBool>,
    pings: Arc<AtomicU64>,
    commands: Arc<AtomicU64>,
}

impl Fake {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, up: Arc::new(AtomicBool::new(true)), pings: Arc::default(), commands: Arc::default() }
    }

    pub(crate) fn config(&self, weight: f64) -> DatabaseConfig {
        let this = self.clone();
        let service = service_fn(move |command: Command<'_>| {
            let answer = this.answer(command.name());
            async move { answer }
        });
        DatabaseConfig::from_service(self.name, service).weight(weight)
    }

    fn answer(&self, command: &str) -> io::Result<Value> {
        let count = if command == "PING" { &self.pings } else { &self.commands };
        count.fetch_add(1, Ordering::Relaxed);
        if !self.up.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(match command {
            "PING" => Value::SimpleString("PONG".into()),
            "ROLE" => Value::Array(vec![Value::BulkString(self.name.into())]),
            _ => Value::BulkString(self.name.into()),
        })
    }

    pub(crate) fn set_up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    /// How many PINGs it was sent.
    pub(crate) fn pings(&self) -> u64 {
        self.pings.load(Ordering::Relaxed)
    }

    /// How many other commands it was sent.
    pub(crate) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

/// The `eu` is preferred to the `us`, all else as it is by default.
pub(crate) fn pair() -> (Fake, Fake) {
    (Fake::new("eu"), Fake::new("us"))
}

pub(crate) async fn connected(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(LONG).await.unwrap();
    client
}

/// Which database answers a command.
pub(crate) async fn who(client: &mut MultiDbClient) -> redis::RedisResult<String> {
    redis::cmd("GET").arg("who").query_async(client).await
}
