//! The blocking client, on real servers where there are any.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod closing;
mod commands;
mod management;
mod pubsub;
mod runtimes;
mod threads;
mod transactions;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use failover_testkit::server::{AnyServer, RealServer};
use redis_failover::MultiDbConfig;
use redis_failover::blocking::MultiDbClient;
use tests::{PATIENCE, config, real_server};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Two servers. They start, and the embedded ones run, on a runtime of their own, of which the client knows nothing.
struct Stage {
    primary: AnyServer,
    secondary: AnyServer,
    runtime: Runtime,
}

impl Stage {
    fn begin() -> Self {
        let runtime = Runtime::new().unwrap();
        let (primary, secondary) = runtime
            .block_on(async { (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap()) });
        Self { primary, secondary, runtime }
    }

    /// Servers that lose nothing when they are killed; `None` on a machine without any.
    fn durable() -> Option<Self> {
        let binary = real_server()?;
        let runtime = Runtime::new().unwrap();
        let start = || {
            let builder = RealServer::builder().binary(binary.clone());
            let server = builder.args(["--appendonly", "yes", "--appendfsync", "always"]);
            AnyServer::Real(runtime.block_on(server.start()).unwrap())
        };
        Some(Self { primary: start(), secondary: start(), runtime })
    }

    /// A client that is connected to the primary.
    fn client(&self) -> MultiDbClient {
        self.client_with(|config| config)
    }

    fn client_with(&self, configure: impl FnOnce(MultiDbConfig) -> MultiDbConfig) -> MultiDbClient {
        let config = brisk(config(&self.primary.url(), &self.secondary.url()));
        let client = MultiDbClient::new(configure(config)).unwrap();
        client.connect(PATIENCE).unwrap();
        becomes_active(&client, "primary");
        client
    }

    fn another(&self) -> AnyServer {
        self.runtime.block_on(AnyServer::start()).unwrap()
    }

    fn restart(&self, server: &AnyServer) {
        self.runtime.block_on(server.restart()).unwrap();
    }
}

/// Comes back soon from whatever happens, and stays where it is.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    tests::brisk(config).auto_fallback_interval(None)
}

/// A connection to one server, past the client.
fn directly(server: &AnyServer) -> redis::Connection {
    let connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection
}

fn active(client: &MultiDbClient) -> Option<String> {
    Some(client.snapshot()?.active?.to_string())
}

fn becomes_active(client: &MultiDbClient, name: &str) {
    until(&format!("{name} is active"), || active(client).as_deref() == Some(name));
}

/// Waits until a condition holds.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs what may hang on a thread of its own, and fails if it does.
fn in_time<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || drop(sender.send(what())));
    match receiver.recv_timeout(PATIENCE) {
        Ok(done) => done,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}
