use std::{
    fmt, io,
    num::NonZeroU8,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use redis::{
    AsyncConnectionConfig, ConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, Value,
    aio::MultiplexedConnection,
};
use tokio::{
    task::{AbortHandle, JoinHandle},
    time::{Instant, timeout},
};

use tower_failover::availability::ConnectionCount;

use super::{
    Address, BoxedStream, ByteStream, Connect, ProvideCredentials, Sentinels,
    counted::Counted,
    credentials,
    lent::Lent,
    refusal::Refusals,
    sentinel::{Search, check_primary},
    spare::Spare,
};
use crate::{
    classify::{has_no_room, misconfigured},
    cursor::server_at,
};

/// How many calls a connection takes in at a time; more wait for room, and are woken once for that and once for the reply.
///
/// redis-rs has 50. With 100, the calls of 512 tasks on one thread took some 6 % less of the processor, and 6 % more of
/// them were made a second (`compare throughput`, over loopback). With 128 and more fewer tasks are woken twice, and yet
/// fewer calls were made: client and server wait for each other when requests come in large lots. The benchmark has the
/// same number as `OUR_BUFFER`.
const PIPELINE_BUFFER: usize = 100;

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
/// Clones dial alike, and at one pace while dials are refused.
#[derive(Clone)]
pub struct Endpoint {
    location: Location,
    settings: RedisConnectionInfo,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    connect: Arc<dyn Connect>,
    connect_timeout: Duration,
    client_name: Option<Arc<str>>,
    connections: ConnectionCount,
    shared: Arc<Shared>,
}

/// Where a database is.
#[derive(Clone)]
enum Location {
    At(Address),
    /// Where the sentinels say, at each dial.
    Behind(Sentinels),
}

/// What all who dial one database have together.
#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    spare: Spare,
}

#[derive(Default)]
struct Known {
    refusals: Refusals,
    /// The last one, with its number.
    established: Option<(u64, MultiplexedConnection)>,
    establishments: u64,
}

/// Calls run on a connection for as long as this lives.
pub(super) struct Established {
    endpoint: Endpoint,
    number: u64,
}

impl Drop for Established {
    fn drop(&mut self) {
        let mut known = self.endpoint.known();
        if known.established.as_ref().is_some_and(|(number, _)| *number == self.number) {
            known.established = None;
        }
    }
}

impl Endpoint {
    /// Dials what `info` says through `connect`, within `connect_timeout` from the name to the handshake's end.
    pub fn new(info: ConnectionInfo, connect: Arc<dyn Connect>, connect_timeout: Duration) -> Self {
        let location = Location::At(Address::from(&info));
        Self::to(location, info.redis_settings().clone(), connect, connect_timeout)
    }

    /// Dials the primary that `sentinels` know, wherever it is at the time.
    pub(crate) fn behind(
        sentinels: Sentinels,
        settings: RedisConnectionInfo,
        connect: Arc<dyn Connect>,
        connect_timeout: Duration,
    ) -> Self {
        Self::to(Location::Behind(sentinels), settings, connect, connect_timeout)
    }

    fn to(
        location: Location,
        settings: RedisConnectionInfo,
        connect: Arc<dyn Connect>,
        connect_timeout: Duration,
    ) -> Self {
        Self {
            location,
            settings,
            credentials: None,
            connect,
            connect_timeout,
            client_name: None,
            connections: ConnectionCount::default(),
            shared: Arc::default(),
        }
    }

    /// Every connection gives itself this name.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Asks `provider` before every dial, instead of taking the password from the connection info.
    #[must_use]
    pub fn credentials(mut self, provider: Arc<dyn ProvideCredentials>) -> Self {
        self.credentials = Some(provider);
        self
    }

    /// Counts its connections here.
    #[must_use]
    pub fn connections(mut self, connections: ConnectionCount) -> Self {
        self.connections = connections;
        self
    }

    /// Where it leads; for a database that is managed by Sentinel, where the first of its sentinels is.
    pub fn address(&self) -> &Address {
        match &self.location {
            Location::At(address) => address,
            Location::Behind(sentinels) => sentinels.first_address(),
        }
    }

    /// Makes a new connection: name, stream and handshake under one deadline, which is the connect timeout or
    /// `limit` if that is shorter. Nothing bounds the replies on it.
    ///
    /// While something is set up wrongly (a refused password, an untrusted certificate), a dial is made after 1 s,
    /// later after up to 30 s; before that, the last refusal is the answer at once (B14).
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
        Ok(self.within(limit, self.reach(limit, false)).await?.0)
    }

    /// As [`dial`](Self::dial), for those who speak on the stream themselves once hands are shaken.
    pub(crate) async fn dial_stream(&self) -> RedisResult<BoxedStream> {
        let limit = self.connect_timeout;
        let attempt = async {
            let (dialled, lent) = self.reach(limit, true).await?;
            // Nothing comes after the replies before somebody subscribes, so nothing is lost in here.
            dialled.let_go().await;
            let lent = lent.ok_or_else(|| io::Error::other("the stream was not lent"))?;
            Ok(Box::new(Counted::new(lent.take_back()?, self.connections.opened())) as BoxedStream)
        };
        self.within(limit, attempt).await
    }

    /// Dials wherever the database may be, until it is there. Lent is the stream to be taken back.
    async fn reach(&self, limit: Duration, lend: bool) -> RedisResult<(Dialled, Option<Lent>)> {
        let mut search = match &self.location {
            Location::At(address) => Search::at(address),
            Location::Behind(sentinels) => sentinels.search(limit),
        };
        loop {
            let address = search.next().await?;
            match self.reach_at(&address, limit, lend).await {
                Ok(reached) => {
                    search.found();
                    return Ok(reached);
                }
                Err(error) => search.failed(error),
            }
        }
    }

    async fn reach_at(
        &self,
        address: &Address,
        limit: Duration,
        lend: bool,
    ) -> RedisResult<(Dialled, Option<Lent>)> {
        let (settings, stream) = self.open(address, limit).await?;
        let (mut dialled, lent) = if lend {
            let lent = Lent::new(stream);
            (self.greet(settings, lent.clone()).await?, Some(lent))
        } else {
            (self.greet(settings, stream).await?, None)
        };
        if matches!(self.location, Location::Behind(_)) {
            check_primary(&mut dialled.connection, address).await?;
            dialled.server = Some(server_at(&address.canonical().to_string()));
        }
        Ok((dialled, lent))
    }

    /// Paced while something is set up wrongly, and given up at the limit.
    async fn within<T>(
        &self,
        limit: Duration,
        attempt: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        self.known().refusals.admit(Instant::now())?;
        let dialled = timeout(limit, attempt).await.unwrap_or_else(|_| Err(self.too_slow(limit)));
        match &dialled {
            Err(error) if misconfigured(error).is_some() => {
                self.known().refusals.refused(error, Instant::now());
            }
            _ => self.known().refusals.forget(),
        }
        dialled
    }

    /// Whether the last dial was refused for how we are configured, and calls have no connection from before.
    pub(crate) fn is_shut(&self) -> bool {
        let known = self.known();
        known.refusals.is_refused() && known.established.is_none()
    }

    /// The connection that calls run on now, or will at once.
    pub(crate) fn established(&self) -> Option<MultiplexedConnection> {
        let established = self.known().established.as_ref().map(|(_, connection)| connection.clone());
        established.or_else(|| self.shared.spare.given())
    }

    /// Says that calls run on this connection, until the guard is dropped.
    pub(super) fn establish(&self, connection: MultiplexedConnection) -> Established {
        let mut known = self.known();
        known.establishments += 1;
        let number = known.establishments;
        known.established = Some((number, connection));
        Established { endpoint: self.clone(), number }
    }

    /// What health checks give up for calls.
    pub(super) fn spare_connection(&self) -> &Spare {
        &self.shared.spare
    }

    /// Gives a health check's connection to calls, if they have none and can get no other; else, gives it back.
    pub(crate) fn give_up(&self, dialled: Dialled) -> Option<Dialled> {
        self.shared.spare.offer(dialled)
    }

    /// As this one, to another place: what is refused there is refused there only.
    #[cfg(feature = "cluster")]
    pub(super) fn at(&self, address: Address) -> Self {
        Self { location: Location::At(address), shared: Arc::default(), ..self.clone() }
    }

    async fn open(
        &self,
        address: &Address,
        limit: Duration,
    ) -> RedisResult<(RedisConnectionInfo, BoxedStream)> {
        let mut settings = self.settings.clone();
        if let Some(provider) = &self.credentials {
            settings = credentials::ask(&**provider, settings, limit / 2).await?;
        }
        Ok((settings, self.connect(address).await?))
    }

    /// A panic of the connector is a dial that failed: whoever keeps dialling goes on.
    async fn connect(&self, address: &Address) -> io::Result<BoxedStream> {
        let connecting = AssertUnwindSafe(async { self.connect.connect(address).await }).catch_unwind();
        connecting.await.unwrap_or_else(|_| {
            Err(io::Error::other(format!("the connector panicked as it was to connect to {address}")))
        })
    }

    async fn greet(
        &self,
        settings: RedisConnectionInfo,
        stream: impl ByteStream + 'static,
    ) -> RedisResult<Dialled> {
        // Deadlines are a layer's business.
        let config =
            AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(PIPELINE_BUFFER);
        let (connection, driver) = MultiplexedConnection::new_with_config(&settings, stream, config).await?;
        let open = self.connections.opened();
        let driver = tokio::spawn(async move {
            driver.await;
            drop(open);
        });
        let mut dialled = Dialled { connection, driver, server: None };
        if settings.password().is_none() {
            dialled.is_let_in().await?;
        }
        if let Some(name) = &self.client_name {
            let command = redis::cmd("CLIENT").arg("SETNAME").arg(&**name).take();
            // A server that refuses it, which comes inside the reply, serves all the same.
            dialled.connection.send_packed_command(&command).await?;
        }
        Ok(dialled)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Only whole values are written under it.
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn too_slow(&self, limit: Duration) -> RedisError {
        let message = format!("connecting to {} took longer than {limit:?}", self.address());
        io::Error::new(io::ErrorKind::TimedOut, message).into()
    }
}

impl fmt::Debug for Endpoint {
    /// Nothing of who connects: that is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("address", self.address())
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
    /// Which of the database's servers it leads to, where there are several.
    pub(super) server: Option<NonZeroU8>,
}

impl Dialled {
    /// Without a password the handshake asks for nothing that a server would refuse; it refuses what comes after it.
    async fn is_let_in(&mut self) -> RedisResult<()> {
        match self.connection.send_packed_command(&redis::cmd("PING")).await? {
            Value::ServerError(error) => {
                let error = RedisError::from(error);
                if misconfigured(&error).is_some() || has_no_room(&error) { Err(error) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.driver.is_finished()
    }

    /// Closes the socket, as dropping this does.
    pub(super) fn closer(&self) -> AbortHandle {
        self.driver.abort_handle()
    }

    /// Ends the driver; when this completes, it holds the stream no more.
    async fn let_go(mut self) {
        self.driver.abort();
        self.ended().await;
    }

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
