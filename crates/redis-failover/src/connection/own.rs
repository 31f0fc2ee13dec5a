use std::{fmt, future::poll_fn, sync::Arc, task::Context, task::Poll};

use futures_util::future::BoxFuture;
use redis::{RedisError, RedisFuture, Value, aio::ConnectionLike};
use tokio::sync::watch;
use tower_failover::Availability;
use tower_service::Service;

use super::ConnectionError;
use crate::{
    classify::ReplyClass,
    command::{Command, send_through},
    cursor::CursorTag,
    reply::class_of,
};

/// A service of the user's own, whatever its type.
///
/// # Clone
///
/// Clones use the same service, of which each call takes a clone of its own.
#[derive(Clone)]
pub(crate) struct OwnService(Arc<dyn Run>);

/// One call on a clone of the service, its readiness included.
trait Run: Send + Sync {
    fn run<'a>(&self, command: Command<'a>) -> BoxFuture<'a, Result<Value, ConnectionError>>;
}

struct Erased<S>(S);

impl<S, R, E> Run for Erased<S>
where
    S: for<'a> Service<Command<'a>, Response = R, Error = E, Future: Send> + Clone + Send + Sync + 'static,
    R: Into<Value>,
    E: Into<ConnectionError>,
{
    fn run<'a>(&self, command: Command<'a>) -> BoxFuture<'a, Result<Value, ConnectionError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|context| Service::<Command<'a>>::poll_ready(&mut service, context))
                .await
                .map_err(|error| not_sent(error.into()))?;
            service.call(command).await.map(Into::into).map_err(Into::into)
        })
    }
}

/// Nothing is sent by a service that did not become ready.
fn not_sent(error: ConnectionError) -> ConnectionError {
    match error {
        ConnectionError::Redis(error) => ConnectionError::NotConnected(Arc::new(error)),
        error => error,
    }
}

impl OwnService {
    pub(crate) fn new<S, R, E>(service: S) -> Self
    where
        S: for<'a> Service<Command<'a>, Response = R, Error = E, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        R: Into<Value>,
        E: Into<ConnectionError>,
    {
        Self(Arc::new(Erased(service)))
    }

    pub(crate) fn of_connection<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::new(OfConnection(connection))
    }

    /// Runs a command on the service itself, past everything that stands before it.
    pub(crate) fn run<'a>(&self, command: Command<'a>) -> BoxFuture<'a, Result<Value, ConnectionError>> {
        self.0.run(command)
    }
}

impl fmt::Debug for OwnService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnService").finish_non_exhaustive()
    }
}

/// A redis-rs connection as a service.
#[derive(Clone)]
struct OfConnection<C>(C);

impl<'a, C: ConnectionLike + Clone + Send + 'static> Service<Command<'a>> for OfConnection<C> {
    type Response = Value;
    type Error = RedisError;
    type Future = RedisFuture<'a, Value>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RedisError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, command: Command<'a>) -> Self::Future {
        let mut connection = self.0.clone();
        Box::pin(async move { send_through(&mut connection, &command).await })
    }
}

/// The leaf of a stack over such a service: what a [`Link`](super::Link) and its connection do besides connecting.
///
/// Always ready, since the deadline above covers calls alone.
#[derive(Clone)]
pub(crate) struct OwnLeaf {
    service: OwnService,
    cursor_tag: CursorTag,
    availability: Availability,
    open: watch::Receiver<()>,
}

impl OwnLeaf {
    /// Dropping the second part ends all calls in flight, and those to come.
    pub(crate) fn open(
        service: OwnService,
        cursor_tag: CursorTag,
        availability: Availability,
    ) -> (Self, watch::Sender<()>) {
        let (keeper, open) = watch::channel(());
        (Self { service, cursor_tag, availability, open }, keeper)
    }

    pub(super) fn call<'a>(&self, command: Command<'a>) -> BoxFuture<'a, Result<Value, ConnectionError>> {
        let Self { service, cursor_tag, availability, mut open } = self.clone();
        Box::pin(async move {
            let command = cursor_tag.outgoing(&command)?.unwrap_or(command);
            let reply = tokio::select! {
                biased;
                // Nothing is ever sent: it is an error, and says that the keeper is gone.
                _ = open.changed() => return Err(ConnectionError::Closed),
                reply = service.run(command.clone()) => reply,
            };
            match reply {
                Ok(reply) => Ok(cursor_tag.incoming(&command, reply)?),
                Err(error) => {
                    if is_of_transport(&error) {
                        availability.suspect();
                    }
                    Err(error)
                }
            }
        })
    }
}

/// Whether it says that the database may be gone, and is to be asked at once (B17).
fn is_of_transport(error: &ConnectionError) -> bool {
    matches!(class_of(error), ReplyClass::Unreachable | ReplyClass::ConnectionLost | ReplyClass::TimedOut)
}
