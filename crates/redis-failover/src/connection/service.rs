use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use redis::{RedisError, RedisResult, Value};
use tokio::sync::watch;
use tower_failover::{
    Availability, CallInPlace, Chance,
    in_place::{CallBorrowed, NoLayers},
};
use tower_service::Service;

use super::{
    ConnectionError, Endpoint, Link, LinkSettings,
    demand::Demand,
    link::{Connected, Keeper, Status, ToServer},
};
use crate::{
    command::{Command, SendBoxed, SendCommand, send_boxed},
    cursor::CursorTag,
};

/// The leaf of a database's stack: runs calls on the one connection that its [`Link`] keeps.
///
/// A call that finds no connection waits for the dial under way, without a limit of its own, unless the
/// database is known to be down. `F` is how a command is sent, as the type of a function: see [`SendCommand`].
///
/// # Clone
///
/// Clones use the same connection. Each remembers it, so that a call takes no lock: it looks at one word to see
/// whether the connection is still the current one.
///
/// # Readiness
///
/// Always ready.
///
/// # Cancellation
///
/// Dropping a call is safe for the connection. A command already written still runs.
pub struct Connection<F = ()> {
    live: Option<ToServer>,
    status: watch::Receiver<Status>,
    /// Apart, as usual calls do not need it, and touch all of a clone's lines of memory.
    supply: Arc<Supply<F>>,
}

/// What calls need that are not made in place.
struct Supply<F> {
    demand: Arc<Demand>,
    cursor_tag: CursorTag,
    send: F,
}

impl<F> Clone for Connection<F> {
    fn clone(&self) -> Self {
        Self { live: self.live.clone(), status: self.status.clone(), supply: Arc::clone(&self.supply) }
    }
}

impl Connection {
    /// A connection to `endpoint` and the link that keeps it; the latter suspects the database through
    /// `availability` whenever the connection is lost, and heeds what its health checks say.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime: the link is a task.
    pub fn open(
        endpoint: Endpoint,
        settings: LinkSettings,
        availability: Availability,
        chance: Chance,
    ) -> (Connection<SendBoxed>, Link) {
        let (sender, status) = watch::channel(Status::Connecting);
        let demand = Arc::new(Demand::default());
        let cursor_tag = settings.cursor_tag;
        let keeper = Keeper {
            endpoint,
            settings,
            changes: availability.changes(),
            availability,
            chance,
            demand: Arc::clone(&demand),
            status: sender,
        };
        let supply = Arc::new(Supply { demand, cursor_tag, send: send_boxed as SendBoxed });
        (Connection { live: None, status, supply }, Link::start(keeper))
    }
}

impl<F> Connection<F> {
    /// For those who only want to know whether there is a connection.
    pub(crate) fn connected(&self) -> Connected {
        Connected::of(self.status.clone())
    }

    /// Brings up to date which connection is the live one: one atomic load while nothing has changed.
    #[inline(always)]
    fn refresh(&mut self) {
        match self.status.has_changed() {
            Ok(false) => {}
            Ok(true) => {
                self.live = match &*self.status.borrow_and_update() {
                    Status::Live(connection) => Some(connection.clone()),
                    Status::Connecting | Status::Down(_) => None,
                };
            }
            // Closed.
            Err(_) => self.live = None,
        }
    }

    /// A call that has to wait for a connection, or has a scan's cursor.
    fn run<'a>(&self, command: Command<'a>) -> BoxFuture<'a, Result<Value, ConnectionError>>
    where
        F: SendCommand<'a> + Send + Sync + 'a,
    {
        let Self { live, status, supply } = self.clone();
        Box::pin(async move {
            let live = match live {
                Some(live) => live,
                None => connected(status, Arc::clone(&supply.demand)).await?,
            };
            let tag = supply.cursor_tag.on(live.server);
            let command = tag.outgoing(&command)?.unwrap_or(command);
            let reply = supply.send.send(live.connection, command.clone()).await?;
            Ok(tag.incoming(&command, reply)?)
        })
    }
}

impl<'a, F> Service<Command<'a>> for Connection<F>
where
    F: SendCommand<'a> + Send + Sync + 'a,
{
    type Response = Value;
    type Error = ConnectionError;
    type Future = ConnectionFuture<'a, F::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, command: Command<'a>) -> Self::Future {
        self.refresh();
        let state = match (&self.live, command.may_have_cursor()) {
            (Some(live), false) => {
                State::Sending { sending: self.supply.send.send(live.connection.clone(), command) }
            }
            _ => State::Waiting { call: self.run(command) },
        };
        ConnectionFuture { state }
    }
}

/// Of single commands, with neither the box of [`send_boxed`] nor its clone of the connection.
impl<'a> CallInPlace<Command<'a>> for Connection<SendBoxed> {
    type Innermost = Self;
    type Layers<'l>
        = NoLayers<Value, RedisError, ConnectionError>
    where
        Command<'a>: 'l;

    #[inline(always)]
    fn admit_in_place(&mut self, command: &Command<'a>) -> bool {
        self.refresh();
        self.live.is_some() && command.single().is_some() && !command.may_have_cursor()
    }

    #[inline(always)]
    fn begin_in_place<'l>(&'l mut self, _: &'l Command<'a>) -> (Self::Layers<'l>, &'l mut Self) {
        (NoLayers::new(), self)
    }
}

impl<'a> CallBorrowed<Command<'a>> for Connection<SendBoxed> {
    type Answer = Value;
    type Failure = RedisError;

    #[inline(always)]
    fn call_borrowed(&mut self, command: &Command<'a>) -> impl Future<Output = RedisResult<Value>> {
        #[expect(clippy::expect_used, reason = "only a live one admits calls, and of single commands")]
        let (ToServer { connection, .. }, command) =
            self.live.as_mut().zip(command.single()).expect("an admitted call");
        connection.send_packed_command(command)
    }
}

/// What becomes of the link's efforts.
pub(super) async fn connected<C: Clone>(
    mut status: watch::Receiver<Status<C>>,
    demand: Arc<Demand>,
) -> Result<C, ConnectionError> {
    let _waiting = demand.raise();
    while status.has_changed().is_ok() {
        match &*status.borrow_and_update() {
            Status::Live(connection) => return Ok(connection.clone()),
            Status::Down(error) => return Err(ConnectionError::NotConnected(Arc::clone(error))),
            Status::Connecting => {}
        }
        // An error, too, says that the link was closed.
        let _ = status.changed().await;
    }
    Err(ConnectionError::Closed)
}

pin_project! {
    /// A call on a [`Connection`]. It has a box of its own only if it found no connection, or has a scan's cursor.
    pub struct ConnectionFuture<'a, Fut> {
        #[pin]
        state: State<'a, Fut>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<'a, Fut> {
        Sending { #[pin] sending: Fut },
        Waiting { call: BoxFuture<'a, Result<Value, ConnectionError>> },
    }
}

impl<Fut: Future<Output = RedisResult<Value>>> Future for ConnectionFuture<'_, Fut> {
    type Output = Result<Value, ConnectionError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Sending { sending } => sending.poll(context).map_err(ConnectionError::from),
            Projected::Waiting { call } => call.as_mut().poll(context),
        }
    }
}
