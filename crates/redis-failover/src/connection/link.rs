use std::{convert::Infallible, io, num::NonZeroU8, pin::pin, sync::Arc, time::Duration};

use redis::{RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tower_failover::{
    Availability, Backoff, Chance, Finding, Signal, Verdict,
    availability::{Changes, ConnectionTrouble, ConnectionWatch, Evidence},
};

use super::{Dialled, Endpoint, demand::Demand, endpoint::Established};
use crate::{
    classify::{has_no_room, misconfigured},
    cursor::CursorTag,
};

/// Whether a database is connected to before a call needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standby {
    /// Connected all the time, so that a switch dials nothing.
    #[default]
    Warm,
    /// Connected when a call comes.
    Cold,
}

/// How a [`Link`] keeps its connection.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// A lost connection that no call waits for is dialled anew after a random part of this, so that a fleet
    /// does not come back in step. 2 s by default (B36).
    pub redial_spread: Duration,
    /// Whether it is dialled before it is needed. Warm by default.
    pub standby: Standby,
    /// The waits between failed dials. 100 ms to 5 s by default.
    pub backoff: Backoff,
    /// How long calls in flight may go on when a new connection takes the place of theirs. 500 ms by default, the
    /// response timeout.
    pub retirement: Duration,
    /// The database's mark on its scan cursors.
    pub cursor_tag: CursorTag,
}

impl LinkSettings {
    /// The defaults, for the database with this tag.
    pub fn new(cursor_tag: CursorTag) -> Self {
        Self {
            redial_spread: Duration::from_secs(2),
            standby: Standby::default(),
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
            retirement: Duration::from_millis(500),
            cursor_tag,
        }
    }
}

/// The task that keeps one database's connection: it dials, notices at once when the connection ends, and
/// dials anew when the database's health checks have passed (B36). Where the server has no room for another
/// connection, it takes that of the health checks; only a cluster's nodes need room for both. A connection that
/// answers no call while they pass is given up, and a new one is made at once; what was in flight there may have been
/// executed. While calls are answered that the database cannot serve, a new connection takes its place, at most once
/// a second: the name may lead to another server by now (B59).
///
/// Closing it, or dropping it, closes the socket and ends what is in flight there. As soon as the runtime has
/// dropped the task, calls fail with [`ConnectionError::Closed`](super::ConnectionError::Closed).
#[derive(Debug)]
pub struct Link {
    task: JoinHandle<()>,
}

impl Link {
    /// Ends it for good, without waiting for calls in flight.
    pub fn close(self) {
        drop(self);
    }

    pub(super) fn start<D: Dial>(keeper: Keeper<D>) -> Self {
        Self { task: tokio::spawn(keeper.run()) }
    }
}

/// What a link dials: an [`Endpoint`], or whatever else leads to a database.
pub(super) trait Dial: Send + Sync + 'static {
    /// Dropping it ends the connection, whoever has clones of it.
    type Dialled: Live;

    fn dial(&self, limit: Option<Duration>) -> impl Future<Output = RedisResult<Self::Dialled>> + Send;

    /// Says that calls run on this connection, until what is returned is dropped.
    fn establish(&self, dialled: &Self::Dialled) -> Option<Established>;

    /// Completes with the connection of the health checks, where they have one to give up. They do so only while
    /// this is waited for.
    fn spare(&self) -> impl Future<Output = Self::Dialled> + Send {
        std::future::pending()
    }
}

/// A connection that was made.
pub(super) trait Live: Send + 'static {
    type Connection: Clone + Send + Sync;

    fn connection(&self) -> Self::Connection;

    /// Completes when it has ended. Not to be asked again then.
    fn ended(&mut self) -> impl Future<Output = ()> + Send;
}

impl Dial for Endpoint {
    type Dialled = Dialled;

    fn dial(&self, limit: Option<Duration>) -> impl Future<Output = RedisResult<Dialled>> + Send {
        Self::dial(self, limit)
    }

    fn establish(&self, dialled: &Dialled) -> Option<Established> {
        Some(Self::establish(self, dialled.connection.clone()))
    }

    fn spare(&self) -> impl Future<Output = Dialled> + Send {
        self.spare_connection().take()
    }
}

/// A connection to one of a database's servers.
#[derive(Clone)]
pub(super) struct ToServer {
    pub(super) connection: MultiplexedConnection,
    /// Which it is, where there are several.
    pub(super) server: Option<NonZeroU8>,
}

impl Live for Dialled {
    type Connection = ToServer;

    fn connection(&self) -> ToServer {
        ToServer { connection: self.connection.clone(), server: self.server }
    }

    fn ended(&mut self) -> impl Future<Output = ()> + Send {
        Self::ended(self)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a call finds. The channel closes with the link.
pub(super) enum Status<C = ToServer> {
    /// A connection is on its way, or will be if a call wants it.
    Connecting,
    Live(C),
    /// The last dial failed, or the database is known to be unhealthy.
    Down(Arc<RedisError>),
}

/// Tells whether a link has a connection now.
pub(crate) struct Connected(Box<dyn Fn() -> bool + Send + Sync>);

impl Connected {
    pub(super) fn of<C: Send + Sync + 'static>(status: watch::Receiver<Status<C>>) -> Self {
        // A link that is closed says nothing any more.
        Self(Box::new(move || status.has_changed().is_ok() && matches!(&*status.borrow(), Status::Live(_))))
    }

    pub(crate) fn now(&self) -> bool {
        (self.0)()
    }
}

/// How a connection ended.
enum Served<D> {
    Lost,
    FellSilent,
    Replaced(D),
}

/// How long a connection may take that is to replace one that works. Repeats wait for it, so it is short.
const REPLACEMENT: Duration = Duration::from_secs(1);

pub(super) struct Keeper<D: Dial> {
    pub(super) endpoint: D,
    pub(super) settings: LinkSettings,
    pub(super) availability: Availability,
    pub(super) changes: Changes,
    pub(super) chance: Chance,
    pub(super) demand: Arc<Demand>,
    pub(super) status: watch::Sender<Status<ConnectionOf<D>>>,
}

type ConnectionOf<D> = <<D as Dial>::Dialled as Live>::Connection;

impl<D: Dial> Keeper<D> {
    /// Never ends by itself.
    async fn run(mut self) {
        if self.settings.standby == Standby::Cold {
            self.demand.raised().await;
        }
        let mut failed_dials = 0;
        // Whether every client of the database may be about to dial.
        let mut in_step = false;
        // Whether a probe has just passed.
        let mut is_alive = false;
        // What the health checks have given up.
        let mut spare = None;
        loop {
            if !std::mem::take(&mut is_alive) && self.passed().await {
                failed_dials = 0;
                in_step = true;
            }
            self.say(Status::Connecting);
            if std::mem::take(&mut in_step) {
                self.turn().await;
            }
            let dialled = match spare.take() {
                Some(spare) => Ok(spare),
                None => self.dial().await,
            };
            match dialled {
                Ok(dialled) => {
                    self.tell_unchecked(None);
                    is_alive = matches!(self.serve_all(dialled).await, Served::FellSilent);
                    failed_dials = 0;
                    in_step = !is_alive;
                }
                Err(error) => {
                    tracing::debug!(member = %self.availability.name(), %error, "cannot connect");
                    self.tell_unchecked(misconfigured(&error));
                    let delay = self.settings.backoff.delay(failed_dials, &self.chance);
                    let has_no_room = has_no_room(&error);
                    self.availability.suspect();
                    self.say(Status::Down(Arc::new(error)));
                    if has_no_room {
                        spare = self.spared(delay).await;
                    } else {
                        sleep(delay).await;
                    }
                    is_alive = spare.is_some();
                    failed_dials += 1;
                }
            }
        }
    }

    /// Calls run on the connection, and on those that take its place.
    async fn serve_all(&self, mut dialled: D::Dialled) -> Served<D::Dialled> {
        let mut retired = None;
        loop {
            match self.serve(&mut dialled, retired.take()).await {
                Served::Replaced(fresh) => retired = Some(std::mem::replace(&mut dialled, fresh)),
                ended => {
                    self.say(Status::Connecting);
                    return ended;
                }
            }
        }
    }

    /// Calls run on the connection until it ends, says nothing although the database lives (B57), or is replaced.
    /// Those on the one before it may still end.
    async fn serve(&self, dialled: &mut D::Dialled, retired: Option<D::Dialled>) -> Served<D::Dialled> {
        let mut watch = self.availability.watch_connection();
        let established = self.endpoint.establish(dialled);
        self.say(Status::Live(dialled.connection()));
        watch.settle();
        let served = tokio::select! {
            () = dialled.ended() => Served::Lost,
            served = self.replaced(&mut watch) => served,
            never = retire(retired, self.settings.retirement) => match never {},
        };
        drop(established);
        match served {
            Served::Lost => self.availability.suspect(),
            Served::FellSilent => {
                tracing::debug!(member = %self.availability.name(), "a connection fell silent, and is dialled anew");
            }
            Served::Replaced(_) => {}
        }
        served
    }

    /// Completes when the connection is silent, or there is one to replace it where it is refused.
    async fn replaced(&self, watch: &mut ConnectionWatch) -> Served<D::Dialled> {
        loop {
            match watch.trouble().await {
                ConnectionTrouble::Refused => match self.endpoint.dial(Some(REPLACEMENT)).await {
                    Ok(fresh) => return Served::Replaced(fresh),
                    Err(error) => {
                        tracing::debug!(member = %self.availability.name(), %error, "cannot be dialled anew");
                        watch.settle();
                    }
                },
                _ => return Served::FellSilent,
            }
        }
    }

    /// Where no health check finds out that we are refused, there is nobody else to tell. Calls have no other
    /// connection than this one, so the database cannot be used.
    fn tell_unchecked(&self, refused: Option<Arc<str>>) {
        let view = self.availability.view();
        let finding = match refused {
            Some(detail) => Finding::unhealthy(Evidence::Misconfigured(detail)),
            None => Finding { verdict: Verdict::Unknown, evidence: None, on_suspicion: false },
        };
        if !view.checked && (finding.verdict, &finding.evidence) != (view.verdict, &view.evidence) {
            self.availability.signal(Signal::Verdict(finding));
        }
    }

    /// Waits until no health check speaks against dialling: only their own connections ask a database that may
    /// be down. Tells whether it was.
    async fn passed(&mut self) -> bool {
        let mut was_down = false;
        loop {
            let view = self.availability.view();
            if !view.checked {
                return was_down;
            }
            if view.is_failed() {
                if !was_down {
                    self.say(Status::Down(Arc::new(unhealthy())));
                }
                was_down = true;
            } else if !view.suspected {
                return was_down;
            }
            self.changes.next().await;
        }
    }

    /// At once when a call waits.
    async fn turn(&self) {
        let spread = async {
            match self.settings.standby {
                Standby::Warm => sleep(self.chance.up_to(self.settings.redial_spread)).await,
                Standby::Cold => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.demand.raised() => {}
            () = spread => {}
        }
    }

    /// What the health checks give up before the next dial is due: after this time, and when the suspicion is settled
    /// for which they are asked. A database that they find dead has room for nobody.
    async fn spared(&mut self, delay: Duration) -> Option<D::Dialled> {
        let (availability, changes) = (&self.availability, &mut self.changes);
        let mut rest = pin!(sleep(delay));
        let in_vain = async {
            while !is_found_dead(availability) && (!rest.is_elapsed() || is_suspected(availability)) {
                tokio::select! {
                    () = &mut rest, if !rest.is_elapsed() => {}
                    () = changes.next() => {}
                }
            }
        };
        tokio::select! {
            biased;
            spare = self.endpoint.spare() => return Some(spare),
            () = in_vain => {}
        }
        rest.await;
        None
    }

    /// Given up when the checks find out that it is in vain.
    async fn dial(&mut self) -> RedisResult<D::Dialled> {
        let (availability, changes) = (&self.availability, &mut self.changes);
        let in_vain = async {
            loop {
                changes.next().await;
                if is_found_dead(availability) {
                    break;
                }
            }
        };
        tokio::select! {
            dialled = self.endpoint.dial(None) => dialled,
            () = in_vain => Err(unhealthy()),
        }
    }

    fn say(&self, status: Status<ConnectionOf<D>>) {
        self.status.send_replace(status);
    }
}

/// Lets the calls on a connection end within this time.
async fn retire(connection: Option<impl Live>, limit: Duration) -> Infallible {
    if let Some(mut connection) = connection {
        // Calls that take longer are ended with it.
        let _ = timeout(limit, connection.ended()).await;
    }
    std::future::pending().await
}

fn is_found_dead(availability: &Availability) -> bool {
    let view = availability.view();
    view.checked && view.is_failed()
}

fn is_suspected(availability: &Availability) -> bool {
    let view = availability.view();
    view.checked && view.suspected
}

fn unhealthy() -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, "the database's health checks have failed").into()
}
