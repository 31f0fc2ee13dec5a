use std::{fmt, io, sync::Arc};

use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::{Current, Tls, TlsError, client::server_name, explained::Explained};
use crate::connection::{Address, BoxedStream, Connect, TlsTrustError};

/// Speaks TLS over the streams of another connector.
///
/// A database whose URL begins with `rediss` is dialled through it. For a stack of one's own:
///
/// ```no_run
/// use redis_failover::connection::{TcpConnect, Tls, TlsConnect};
///
/// let connect = TlsConnect::new(Tls::new().ca_file("/etc/redis/ca.pem"), TcpConnect::default())?;
/// # Ok::<(), redis_failover::connection::TlsError>(())
/// ```
///
/// # Errors
///
/// A dial fails with a [`TlsTrustError`] inside its [`io::Error`] where one side does not trust the other.
///
/// # Clone
///
/// Clones share settings and resumed sessions.
#[derive(Clone)]
pub struct TlsConnect {
    current: Current,
    inner: Arc<dyn Connect>,
}

impl TlsConnect {
    /// Reads what stands in files, and checks everything.
    ///
    /// # Errors
    ///
    /// The first option that cannot be used; also where there is no crypto provider.
    pub fn new(tls: Tls, inner: impl Connect) -> Result<Self, TlsError> {
        Self::over(tls, Arc::new(inner))
    }

    pub(crate) fn over(tls: Tls, inner: Arc<dyn Connect>) -> Result<Self, TlsError> {
        Ok(Self { current: Current::load(tls)?, inner })
    }

    fn name_of(&self, address: &Address) -> io::Result<ServerName<'static>> {
        let name = match (&self.current.tls.server_name, address) {
            (Some(name), _) => name,
            (None, Address::Tcp { host, .. }) => host,
            (None, Address::Unix(_)) => {
                let reason = "a unix socket has no name to verify; set server_name";
                return Err(invalid(TlsTrustError::new(address, reason)));
            }
        };
        server_name(name).map_err(|reason| invalid(TlsTrustError::new(address, reason)))
    }
}

fn invalid(error: TlsTrustError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

impl Connect for TlsConnect {
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let name = self.name_of(address)?;
            let connector = TlsConnector::from(self.current.config().await);
            let stream = self.inner.connect(address).await?;
            let stream = Explained::handshake(connector, name, stream, address).await?;
            Ok(Box::new(stream) as BoxedStream)
        })
    }
}

impl fmt::Debug for TlsConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnect").field("tls", &self.current.tls).finish_non_exhaustive()
    }
}
