//! An embedded Redis server, on tokio alone.
//!
//! It speaks RESP2 and RESP3 and knows the commands a client library and its tests need: strings, counters,
//! keys, sets, hashes, lists with blocking pops, transactions, messages, and the administrative ones. It has
//! no scripts, streams, sorted sets, persistence, replication or cluster; what it does not know it refuses
//! in the words of Redis. It takes its time from tokio, so keys expire with a paused clock.
//!
//! [`EmbeddedRedis`] listens on a free loopback port; [`Control::serve`] serves any stream, such as one half
//! of `tokio::io::duplex`. A [`Control`] breaks the server: it can be frozen, killed, restarted, and made
//! to [answer with an error](Condition).

mod accounts;
mod client;
mod clock;
mod commands;
mod condition;
mod control;
mod engine;
mod glob;
mod journal;
mod life;
mod pubsub;
mod resp;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use resp::fuzz;
mod session;
mod store;

use std::{io, net::SocketAddr, time::Duration};

use tokio::task::{JoinHandle, JoinSet};

use self::accounts::Accounts;
pub use self::{
    condition::Condition,
    control::{Control, Data},
};
use crate::listener::Listener;

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A Redis server inside this process, on a free loopback port; ended on drop, with all its connections.
///
/// ```
/// use failover_testkit::embedded::{Condition, Data, EmbeddedRedis};
/// use redis::AsyncCommands;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = EmbeddedRedis::start().await?;
/// let client = redis::Client::open(server.url())?;
/// let mut connection = client.get_multiplexed_async_connection().await?;
/// let () = connection.set("key", 1).await?;
///
/// server.control().answer(Condition::ReadOnly);
/// assert!(connection.set::<_, _, ()>("key", 2).await.is_err());
/// assert_eq!(connection.get::<_, i64>("key").await?, 1);
///
/// server.control().kill();
/// assert!(connection.get::<_, i64>("key").await.is_err());
/// server.control().restart(Data::Kept)?;
/// let mut connection = client.get_multiplexed_async_connection().await?;
/// assert_eq!(connection.get::<_, i64>("key").await?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EmbeddedRedis {
    control: Control,
    url: String,
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl EmbeddedRedis {
    /// Starts a server without a password.
    ///
    /// # Errors
    ///
    /// If no loopback port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server to be configured before its start.
    #[must_use]
    pub fn builder() -> EmbeddedBuilder {
        EmbeddedBuilder::default()
    }

    /// The address it listens on; the same after a restart.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A `redis://` URL of it, with the user and the password if they were set.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The handle that breaks it.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }
}

impl Drop for EmbeddedRedis {
    fn drop(&mut self) {
        self.task.abort();
        self.control.kill();
    }
}

/// The settings of an embedded server; made by [`EmbeddedRedis::builder`].
#[derive(Debug, Clone, Default)]
pub struct EmbeddedBuilder {
    accounts: Accounts,
}

impl EmbeddedBuilder {
    /// The password of the default user (`requirepass`).
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.accounts.password = Some(password.into());
        self
    }

    /// A user beside the default one, with all rights.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.accounts.user = Some((name.into(), password.into()));
        self
    }

    /// A server that listens nowhere: its clients come by [`Control::serve`].
    ///
    /// ```
    /// use failover_testkit::embedded::EmbeddedRedis;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = EmbeddedRedis::builder().detached();
    /// let (mut client, stream) = tokio::io::duplex(1024);
    /// tokio::spawn(async move { server.serve(stream).await });
    /// client.write_all(b"PING\r\n").await?;
    /// let mut answer = [0; 7];
    /// client.read_exact(&mut answer).await?;
    /// assert_eq!(&answer, b"+PONG\r\n");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn detached(self) -> Control {
        Control::new(self.accounts, None)
    }

    /// Starts the server on a free loopback port.
    ///
    /// # Errors
    ///
    /// If no loopback port can be bound.
    #[expect(clippy::unused_async, reason = "needs a runtime, as the other servers' starts do")]
    pub async fn start(self) -> io::Result<EmbeddedRedis> {
        let listener = Listener::bind()?;
        let addr = listener.addr();
        let url = self.accounts.url(addr);
        let control = Control::new(self.accounts, Some(listener));
        let task = tokio::spawn(accept(control.clone()));
        Ok(EmbeddedRedis { control, url, addr, task })
    }
}

async fn accept(control: Control) {
    let Some(listener) = control.listener() else { return };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = control.accept(listener) => match accepted {
                Ok((stream, peer, pulse)) => {
                    connections.spawn(control.clone().serve_tcp(stream, peer, pulse));
                }
                // Out of file descriptors, as a rule: without a pause this would be a busy loop.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
