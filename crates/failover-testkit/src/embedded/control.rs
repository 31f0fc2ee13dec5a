//! The handle that breaks an embedded server, and the counters to assert on.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    accounts::Accounts,
    condition::Condition,
    engine::Engine,
    journal::Journal,
    life::{Life, Pulse},
    session,
};
use crate::listener::{Listener, reset_on_drop};

/// What becomes of the data at a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It is there again, as with an append-only file.
    Kept,
    /// It is gone, as without persistence.
    Emptied,
}

/// Breaks an embedded server and reads its counters.
///
/// # Clone
///
/// Clones control the same server.
#[derive(Debug, Clone)]
pub struct Control(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Mutex<Engine>,
    life: Life,
    listener: Option<Listener>,
}

impl Control {
    pub(super) fn new(accounts: Accounts, listener: Option<Listener>) -> Self {
        let engine = Mutex::new(Engine::new(accounts));
        Self(Arc::new(Shared { engine, life: Life::new(), listener }))
    }

    /// Serves one client on any stream until it leaves.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if the server is dead, `ConnectionReset` if it is killed, and what the stream
    /// fails with.
    ///
    /// # Cancellation
    ///
    /// Dropping the future disconnects the client.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) -> io::Result<()> {
        if !self.is_up() {
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the embedded server is dead"));
        }
        session::run(self.clone(), &mut stream, "stream".to_owned(), self.0.life.follow()).await
    }

    /// Stops processing, as SIGSTOP does: connections are accepted, nothing is executed or answered.
    pub fn freeze(&self) {
        self.0.life.freeze();
    }

    /// Ends a freeze: all that came meanwhile is processed now, as after SIGCONT.
    pub fn thaw(&self) {
        self.0.life.thaw();
    }

    /// Kills the server: new connections are refused when this returns, existing ones are reset as soon as
    /// the runtime runs their tasks.
    pub fn kill(&self) {
        if let Some(listener) = &self.0.listener {
            listener.close();
        }
        self.0.life.kill();
    }

    /// Starts the server again on the same port; kills it first if it runs.
    ///
    /// The condition set by [`answer`](Self::answer) and the counters stay.
    ///
    /// # Errors
    ///
    /// If the port cannot be listened on again.
    pub fn restart(&self, data: Data) -> io::Result<()> {
        self.kill();
        if data == Data::Emptied {
            self.engine().store.clear();
        }
        self.0.life.start();
        self.0.listener.as_ref().map_or(Ok(()), Listener::open)
    }

    /// How commands are answered from now on.
    pub fn answer(&self, condition: Condition) {
        self.engine().condition = condition;
    }

    /// Tells `keep` of every command that is executed from now on, by its name in lower case and its arguments, in the
    /// order of execution; those of a transaction when `EXEC` runs them. Refused ones are not executed, and a
    /// blocked one is when it no longer waits.
    ///
    /// It is called under the server's lock, so it must not ask the server for anything.
    pub fn keep_journal(&self, keep: impl FnMut(&str, &[Vec<u8>]) + Send + 'static) {
        self.engine().journal = Journal::kept_by(keep);
    }

    /// Whether the server was not killed; a frozen one is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.life.is_up()
    }

    /// How often the command of this name was processed since the start, refused ones included.
    #[must_use]
    pub fn commands(&self, name: &str) -> u64 {
        self.engine().commands().get(name.to_ascii_lowercase().as_str()).copied().unwrap_or(0)
    }

    /// How many commands were processed since the start.
    #[must_use]
    pub fn commands_total(&self) -> u64 {
        self.engine().commands().values().sum()
    }

    /// Connections accepted since the start.
    #[must_use]
    pub fn connections_accepted(&self) -> u64 {
        self.engine().connections_accepted()
    }

    /// Connections open now.
    #[must_use]
    pub fn connections_open(&self) -> usize {
        self.engine().clients().count()
    }

    pub(super) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.0.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stall(&self, duration: Duration) {
        self.0.life.stall(duration);
    }

    /// The next client, and the run of the server that it belongs to.
    pub(super) async fn accept(&self, listener: &Listener) -> io::Result<(TcpStream, SocketAddr, Pulse)> {
        self.0.life.follow().running().await;
        let (stream, peer) = listener.accept().await?;
        Ok((stream, peer, self.0.life.follow()))
    }

    pub(super) fn listener(&self) -> Option<&Listener> {
        self.0.listener.as_ref()
    }

    pub(super) async fn serve_tcp(self, mut stream: TcpStream, peer: SocketAddr, pulse: Pulse) {
        // Only a performance matter, and fails only on a closed socket.
        let _ = stream.set_nodelay(true);
        let ended = session::run(self, &mut stream, peer.to_string(), pulse).await;
        if ended.is_err() {
            reset_on_drop(&stream);
        }
    }
}
