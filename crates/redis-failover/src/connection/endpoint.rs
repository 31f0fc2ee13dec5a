use std::{fmt, io, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, ConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{task::JoinHandle, time::timeout};

use super::{Address, Connect};

/// How one database is dialled: where, as whom, by which connector, and within what time.
///
/// Commands, health checks and subscribers of a database all dial through its endpoint, so that a probe's
/// connection says what a command's would.
///
/// ```no_run
/// use std::{sync::Arc, time::Duration};
/// use redis::IntoConnectionInfo;
/// use redis_failover::connection::{Endpoint, TcpConnect};
///
/// # async fn dial() -> redis::RedisResult<()> {
/// let info = "redis://db.example:6380/3".into_connection_info()?;
/// let endpoint = Endpoint::new(info, Arc::new(TcpConnect::default()), Duration::from_secs(5));
/// let mut dialled = endpoint.dial(None).await?;
/// let pong: String = redis::cmd("PING").query_async(&mut dialled.connection).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Clone
///
/// Clones dial alike; no connection is shared.
#[derive(Clone)]
pub struct Endpoint {
    address: Address,
    settings: RedisConnectionInfo,
    connect: Arc<dyn Connect>,
    connect_timeout: Duration,
    client_name: Option<Arc<str>>,
}

impl Endpoint {
    /// Dials what `info` says through `connect`, within `connect_timeout` from the name to the handshake's end.
    pub fn new(info: ConnectionInfo, connect: Arc<dyn Connect>, connect_timeout: Duration) -> Self {
        let address = Address::from(&info);
        let settings = info.redis_settings().clone();
        Self { address, settings, connect, connect_timeout, client_name: None }
    }

    /// Every connection gives itself this name.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Where it leads.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Makes a new connection: name, stream and handshake under one deadline, which is the connect timeout or
    /// `limit` if that is shorter. Nothing bounds the replies on it.
    ///
    /// # Errors
    ///
    /// The connector's, those of the handshake, and an [`io::ErrorKind::TimedOut`] that says where.
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives the attempt up and closes its socket.
    pub async fn dial(&self, limit: Option<Duration>) -> RedisResult<Dialled> {
        let limit = limit.map_or(self.connect_timeout, |limit| limit.min(self.connect_timeout));
        timeout(limit, self.attempt()).await.unwrap_or_else(|_| Err(self.too_slow(limit)))
    }

    async fn attempt(&self) -> RedisResult<Dialled> {
        let stream = self.connect.connect(&self.address).await?;
        // Deadlines are a layer's business.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&self.settings, stream, config).await?;
        let mut dialled = Dialled { connection, driver: tokio::spawn(driver) };
        if let Some(name) = &self.client_name {
            let command = redis::cmd("CLIENT").arg("SETNAME").arg(&**name).take();
            // A server that refuses it, which comes inside the reply, serves all the same.
            dialled.connection.send_packed_command(&command).await?;
        }
        Ok(dialled)
    }

    fn too_slow(&self, limit: Duration) -> RedisError {
        let message = format!("connecting to {} took longer than {limit:?}", self.address);
        io::Error::new(io::ErrorKind::TimedOut, message).into()
    }
}

impl fmt::Debug for Endpoint {
    /// Nothing of who connects: that is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("address", &self.address)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// A connection with the task that drives it. Dropping it closes the socket, whoever else has a clone of the
/// connection, and ends all calls on it at once.
pub struct Dialled {
    /// To be cloned for calls; on its own it keeps nothing open.
    pub connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Dialled {
    /// Completes when the connection has ended: closed or reset by the other side, or out of step.
    ///
    /// # Cancellation
    ///
    /// Safe; but once it has completed, it must not be called again.
    pub async fn ended(&mut self) {
        // However the driver ended, the connection did.
        let _ = (&mut self.driver).await;
    }
}

impl Drop for Dialled {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl fmt::Debug for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialled").field("ended", &self.driver.is_finished()).finish_non_exhaustive()
    }
}
