//! Real `redis-server` and `valkey-server` processes, and the choice between a real and the embedded server.
//!
//! [`RealServer`] starts a process on a free loopback port in its own temporary directory, sends it the
//! signals that make it crash and hang, and ends it on drop. [`AnyServer`] is the same story on a machine
//! with and without such a binary. [`RealCluster`] and [`SentinelSetup`] are several processes that know each other.

mod any;
mod builder;
mod cluster;
mod find;
mod launch;
mod process;
mod sentinel;
mod tls;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

pub use self::{
    any::AnyServer,
    builder::RealServerBuilder,
    cluster::{RealCluster, RealClusterBuilder},
    sentinel::{SentinelSetup, SentinelSetupBuilder},
    tls::ServerTls,
};
use self::{launch::Launch, process::Process};

/// A real server process that can be killed, stopped, resumed and restarted.
///
/// The signals are sent synchronously: when [`kill`](Self::kill), [`stop`](Self::stop) or
/// [`resume`](Self::resume) returns, the system call has just returned, so `Instant::now()` taken next is
/// the time of the fault.
///
/// The process is killed and waited for on drop, also when it is stopped; it also dies when this process
/// dies without dropping anything.
///
/// ```
/// use failover_testkit::server::RealServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let Some(binary) = RealServer::find_or_skip() else { return Ok(()) };
/// let server = RealServer::builder().binary(binary).start().await?;
/// println!("{} at {}", server.describe(), server.url());
/// server.kill()?;
/// assert!(!server.is_running());
/// server.restart().await?;
/// assert!(server.is_running());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RealServer {
    launch: Arc<Launch>,
    version: String,
    process: Mutex<Option<Process>>,
}

impl RealServer {
    /// The server binary of this machine: `$REDIS_SERVER_BIN`, else `redis-server`, else `valkey-server`
    /// on `PATH`.
    #[must_use]
    pub fn find() -> Option<PathBuf> {
        find::binary()
    }

    /// As [`find`](Self::find), for a test: where there is none, it prints that the test is skipped.
    ///
    /// # Panics
    ///
    /// If there is none, and `$FAILOVER_NEEDS_SERVER` is set: then nothing may be skipped.
    #[must_use]
    pub fn find_or_skip() -> Option<PathBuf> {
        find::or_skipped(find::binary(), find::is_needed())
    }

    /// A server to be configured before its start.
    #[must_use]
    pub fn builder() -> RealServerBuilder {
        RealServerBuilder::default()
    }

    /// Starts a server with the default arguments: no persistence, on a free loopback port.
    ///
    /// # Errors
    ///
    /// As [`RealServerBuilder::start`].
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    async fn launch(launch: Launch) -> io::Result<Self> {
        let (launch, version, process) = blocking(move || {
            let mut launch = launch;
            let version = find::version(launch.binary())?;
            let process = launch.start()?;
            Ok((launch, version, process))
        })
        .await?;
        Ok(Self { launch: Arc::new(launch), version, process: Mutex::new(Some(process)) })
    }

    /// Sends SIGKILL: a crash. Connections are reset or closed by the kernel, new ones are refused.
    ///
    /// # Errors
    ///
    /// If the process is not running.
    pub fn kill(&self) -> io::Result<()> {
        self.with_process(Process::kill)
    }

    /// Sends SIGSTOP: a hang. The kernel still accepts connections, nothing is answered.
    ///
    /// # Errors
    ///
    /// If the process is not running.
    pub fn stop(&self) -> io::Result<()> {
        self.with_process(Process::stop)
    }

    /// Sends SIGCONT: everything that was received during the hang is processed now.
    ///
    /// # Errors
    ///
    /// If the process is not running.
    pub fn resume(&self) -> io::Result<()> {
        self.with_process(Process::resume)
    }

    /// Starts the server again on the same port and in the same directory; kills it first if it runs.
    ///
    /// Without persistence (the default) it comes back empty.
    ///
    /// # Errors
    ///
    /// As [`RealServerBuilder::start`]; also if another process took the port meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        let launch = Arc::clone(&self.launch);
        let old = self.process().take();
        let process = blocking(move || {
            drop(old);
            launch.start_again()
        })
        .await?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Whether the process runs: it was not killed, and has not exited by itself. A stopped one runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process().as_mut().is_some_and(Process::is_running)
    }

    /// The loopback address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port()))
    }

    /// The TCP port it listens on; the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.launch.port()
    }

    /// The process id of the current process, while it was not killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().filter(|process| !process.was_killed()).map(Process::id)
    }

    /// A `redis://` URL of it, with the password if one was set.
    #[must_use]
    pub fn url(&self) -> String {
        crate::url(self.addr(), None, self.launch.password())
    }

    /// The loopback address where it speaks TLS, if [`RealServerBuilder::tls`] asked for that; the same after a
    /// restart.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, self.launch.tls_port()?)))
    }

    /// A `rediss://` URL of it, with the password if one was set.
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        Some(crate::tls_url(self.tls_addr()?, None, self.launch.password()))
    }

    /// The path of its unix socket, if [`RealServerBuilder::unix_socket`] asked for one.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.launch.unix_socket()
    }

    /// The temporary directory it works in, removed on drop.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.launch.directory()
    }

    /// The version it prints, as `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The binary's name and version, as `redis-server 7.0.15`.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = self.launch.binary().file_name().unwrap_or_default().to_string_lossy();
        format!("{name} {}", self.version)
    }

    /// Everything that it answers to lines of commands, without quotes, each a command.
    ///
    /// # Errors
    ///
    /// If it cannot be reached, or does not answer within half a second.
    pub async fn say(&self, lines: impl Into<String>) -> io::Result<String> {
        let (launch, lines) = (Arc::clone(&self.launch), lines.into());
        blocking(move || launch.say(&lines)).await
    }

    fn with_process(&self, signal: impl FnOnce(&mut Process) -> io::Result<()>) -> io::Result<()> {
        match self.process().as_mut() {
            Some(process) => signal(process),
            None => Err(process::not_running()),
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until this is so; `None` is the answer of a server that cannot be asked yet.
async fn until<F: Future<Output = Option<bool>>>(what: &str, mut is_so: impl FnMut() -> F) -> io::Result<()> {
    // Servers live in real time, whatever the test's clock says.
    let begun = SystemTime::now();
    while is_so().await != Some(true) {
        // A clock that was set back is no reason to give up.
        if begun.elapsed().unwrap_or_default() >= PATIENCE {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("never: {what}")));
        }
        blocking(|| {
            std::thread::sleep(LOOK_PAUSE);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Pause between two looks at servers that are getting to know each other, and how long they may take for it.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs process handling outside the runtime: it waits in real time, which a paused clock must not skip.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
