//! A TCP proxy that breaks connections: latency, loss, resets, half-closes, refusals and cut replies.
//!
//! [`FaultProxy::start`] listens on a free loopback port and forwards to one upstream; a [`ProxyControl`]
//! changes what happens to the connections, the existing ones and those to come:
//!
//! | fault | concerns | until |
//! |---|---|---|
//! | [`latency`](ProxyControl::latency) | bytes read from then on | changed or healed |
//! | [`black_hole`](ProxyControl::black_hole), [`lose`](ProxyControl::lose) | existing and new connections | healed |
//! | [`swallow_new`](ProxyControl::swallow_new) | new connections | healed |
//! | [`lose_segments`](ProxyControl::lose_segments) | bytes read from then on | changed or healed |
//! | [`forget_connections`](ProxyControl::forget_connections) | existing connections | healed |
//! | [`reset`](ProxyControl::reset), [`half_close`](ProxyControl::half_close) | existing connections | - |
//! | [`reset_all`](ProxyControl::reset_all), [`half_close_all`](ProxyControl::half_close_all) | existing and new connections | healed |
//! | [`refuse`](ProxyControl::refuse), [`ignore`](ProxyControl::ignore) | new connections | accepted again or healed |
//! | [`cut_reply`](ProxyControl::cut_reply) | the next replies | it has happened, or healed |

mod connection;
mod control;
mod delay;
mod faults;
mod pump;

use std::{io, net::SocketAddr, time::Duration};

use tokio::task::{JoinHandle, JoinSet};

pub use self::{control::ProxyControl, faults::Direction};

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A TCP proxy in front of one server; ended on drop, with all its connections.
///
/// ```
/// use failover_testkit::proxy::FaultProxy;
/// use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::{TcpListener, TcpStream}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let upstream = TcpListener::bind("127.0.0.1:0").await?;
/// let proxy = FaultProxy::start(upstream.local_addr()?).await?;
///
/// let mut client = TcpStream::connect(proxy.addr()).await?;
/// client.write_all(b"PING").await?;
/// let (mut server, _) = upstream.accept().await?;
/// let mut question = [0; 4];
/// server.read_exact(&mut question).await?;
/// assert_eq!(&question, b"PING");
///
/// proxy.control().reset();
/// assert!(client.read(&mut question).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    control: ProxyControl,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy without faults in front of `upstream`.
    ///
    /// The upstream need not be up: a connection is opened to it for each one accepted, and the client's is
    /// reset if that fails.
    ///
    /// # Errors
    ///
    /// If no loopback port can be bound.
    #[expect(clippy::unused_async, reason = "needs a runtime, as the other servers' starts do")]
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let control = ProxyControl::new(upstream)?;
        let task = tokio::spawn(accept(control.clone()));
        Ok(Self { control, task })
    }

    /// The address clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.control.addr()
    }

    /// A `redis://` URL of the address clients connect to.
    #[must_use]
    pub fn url(&self) -> String {
        crate::url(self.addr(), None, None)
    }

    /// The handle that sets the faults.
    #[must_use]
    pub fn control(&self) -> &ProxyControl {
        &self.control
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.control.refuse();
    }
}

async fn accept(control: ProxyControl) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = control.accept() => match accepted {
                Ok((client, ticket)) => {
                    connections.spawn(connection::run(client, ticket));
                }
                // Out of file descriptors, as a rule: without a pause this would be a busy loop.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
