//! A real server where there is one, the embedded one elsewhere.

use std::{io, net::SocketAddr};

use super::RealServer;
use crate::embedded::{Data, EmbeddedRedis};

/// A server of whichever kind this machine has, so that a story reads the same on both.
///
/// ```
/// use failover_testkit::server::AnyServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = AnyServer::start().await?;
/// println!("running on {}", server.describe());
/// server.freeze()?;
/// server.thaw()?;
/// server.kill()?;
/// server.restart().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyServer {
    /// A `redis-server` or `valkey-server` process.
    Real(RealServer),
    /// The embedded server.
    Embedded(EmbeddedRedis),
}

impl AnyServer {
    /// Starts a real server if [`RealServer::find`] finds one, else the embedded one.
    ///
    /// # Errors
    ///
    /// As the start of the kind that was taken: a real server that does not start is an error, not a reason
    /// to take the other kind silently.
    pub async fn start() -> io::Result<Self> {
        match RealServer::find() {
            Some(binary) => RealServer::builder().binary(binary).start().await.map(Self::Real),
            None => EmbeddedRedis::start().await.map(Self::Embedded),
        }
    }

    /// Which kind it is, as `redis-server 7.0.15` or `embedded`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Real(server) => server.describe(),
            Self::Embedded(_) => "embedded".to_owned(),
        }
    }

    /// The loopback address it listens on; the same after a restart.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        match self {
            Self::Real(server) => server.addr(),
            Self::Embedded(server) => server.addr(),
        }
    }

    /// A `redis://` URL of it.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Real(server) => server.url(),
            Self::Embedded(server) => server.url(),
        }
    }

    /// Makes it crash: connections break, new ones are refused.
    ///
    /// # Errors
    ///
    /// If it is not running.
    pub fn kill(&self) -> io::Result<()> {
        self.while_running(RealServer::kill, |server| server.control().kill())
    }

    /// Makes it hang: it accepts connections and answers nothing.
    ///
    /// # Errors
    ///
    /// If it is not running.
    pub fn freeze(&self) -> io::Result<()> {
        self.while_running(RealServer::stop, |server| server.control().freeze())
    }

    /// Ends a hang: what came meanwhile is processed now.
    ///
    /// # Errors
    ///
    /// If it is not running.
    pub fn thaw(&self) -> io::Result<()> {
        self.while_running(RealServer::resume, |server| server.control().thaw())
    }

    /// Starts it again, empty, on the same port; kills it first if it runs.
    ///
    /// # Errors
    ///
    /// If it cannot be started on that port again.
    pub async fn restart(&self) -> io::Result<()> {
        match self {
            Self::Real(server) => server.restart().await,
            Self::Embedded(server) => server.control().restart(Data::Emptied),
        }
    }

    /// Whether it was not killed; a frozen one runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        match self {
            Self::Real(server) => server.is_running(),
            Self::Embedded(server) => server.control().is_up(),
        }
    }

    fn while_running(
        &self,
        real: impl FnOnce(&RealServer) -> io::Result<()>,
        embedded: impl FnOnce(&EmbeddedRedis),
    ) -> io::Result<()> {
        match self {
            Self::Real(server) => real(server),
            Self::Embedded(server) if server.control().is_up() => {
                embedded(server);
                Ok(())
            }
            Self::Embedded(_) => Err(super::process::not_running()),
        }
    }
}
