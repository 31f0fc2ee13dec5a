//! Keeps a connection to one database: dials, and dials anew until it works.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use redis::{RedisError, RedisResult};
use tokio::time::{Duration, Instant, Sleep, sleep};
use tower_failover::availability::{Changes, OpenConnection};
use tower_failover::{Backoff, Chance};

use super::delivery::Generation;
use super::session::{Happened, Session};
use super::source::{Advice, Source};
use crate::connection::BoxedStream;

/// The waits between dials that failed, or whose connection did not last (B36).
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// How long a connection must have lived to be worth dialling anew at once.
const LASTING: Duration = Duration::from_secs(1);

/// One database's connection. Nothing it fails with takes the database out of use; the end of a connection that was
/// made only raises a suspicion.
pub(super) struct Feed {
    source: Source,
    changes: Changes,
    chance: Chance,
    state: State,
    /// Dials in a row that led to nothing.
    failures: u32,
    /// The database serves, so its messages are waited for.
    urgent: bool,
    /// Every subscriber of the database may be about to dial.
    in_step: bool,
    /// Of its sharded channels, if it is known.
    slot: Option<u16>,
}

enum State {
    Resting(Option<Pin<Box<Sleep>>>),
    Dialling(BoxFuture<'static, RedisResult<BoxedStream>>),
    Live { session: Box<Session>, generation: Generation, since: Instant, _listening: OpenConnection },
}

/// What a feed tells.
pub(super) enum News {
    /// A connection was made; [`Feed::serve`] makes use of it.
    Connected(BoxedStream),
    Happened(Generation, Happened),
    Ended(Generation),
}

impl Feed {
    /// Dials when it is polled.
    pub(super) fn new(source: Source, chance: Chance) -> Self {
        let changes = source.availability().changes();
        Self {
            source,
            changes,
            chance,
            state: State::Resting(None),
            failures: 0,
            urgent: false,
            in_step: false,
            slot: None,
        }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The connection, if there is one.
    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Live { session, .. } => Some(session),
            State::Resting(_) | State::Dialling(_) => None,
        }
    }

    pub(super) fn generation(&self) -> Option<Generation> {
        match &self.state {
            State::Live { generation, .. } => Some(*generation),
            State::Resting(_) | State::Dialling(_) => None,
        }
    }

    /// Goes on with the connection that was made.
    pub(super) fn serve(&mut self, session: Session, generation: Generation) {
        let (session, since) = (Box::new(session), Instant::now());
        self.state = State::Live { session, generation, since, _listening: self.source.listens() };
    }

    /// Gives the connection up for one to the node of a cluster that has this slot.
    #[cfg(feature = "cluster")]
    pub(super) fn redial(&mut self, slot: u16, error: &RedisError) {
        if self.slot.replace(slot) == Some(slot) {
            self.source.distrust();
            self.back_off(error);
        } else {
            self.state = State::Resting(None);
        }
    }

    /// Whether the database serves; if it does, nothing but its checks is waited for.
    pub(super) fn set_urgent(&mut self, urgent: bool) {
        if urgent && !self.urgent && matches!(self.state, State::Resting(_)) {
            self.state = State::Resting(None);
        }
        self.urgent = urgent;
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<News> {
        loop {
            match &mut self.state {
                State::Resting(rest) => {
                    if let Some(sleep) = rest {
                        ready!(sleep.as_mut().poll(context));
                        *rest = None;
                    }
                    ready!(self.poll_advised(context, Advice::Dial));
                    self.state = if std::mem::take(&mut self.in_step) && !self.urgent {
                        resting(self.chance.up_to(self.source.redial_spread()))
                    } else {
                        let (source, slot) = (self.source.clone(), self.slot);
                        State::Dialling(Box::pin(async move { source.dial(slot).await }))
                    };
                }
                State::Dialling(dial) => {
                    if let Poll::Ready(dialled) = dial.as_mut().poll(context) {
                        self.state = State::Resting(None);
                        match dialled {
                            Ok(stream) => return Poll::Ready(News::Connected(stream)),
                            Err(error) => self.back_off(&error),
                        }
                    } else {
                        ready!(self.poll_advised(context, Advice::InVain));
                        // Dialled anew when the checks have passed.
                        self.state = State::Resting(None);
                    }
                }
                State::Live { session, generation, since, .. } => {
                    let generation = *generation;
                    match ready!(session.poll(context)) {
                        Ok(Happened::Doubtful) => self.source.availability().suspect(),
                        Ok(happened) => return Poll::Ready(News::Happened(generation, happened)),
                        Err(error) => {
                            let lasted = since.elapsed() >= LASTING;
                            self.ended(&error, lasted);
                            return Poll::Ready(News::Ended(generation));
                        }
                    }
                }
            }
        }
    }

    /// Ready when the checks give this advice.
    fn poll_advised(&mut self, context: &mut Context<'_>, wanted: Advice) -> Poll<()> {
        loop {
            let advice = Advice::of(&self.source.availability().view());
            if advice == wanted {
                return Poll::Ready(());
            }
            self.in_step |= advice != Advice::Dial;
            ready!(std::pin::pin!(self.changes.next()).poll(context));
        }
    }

    fn ended(&mut self, error: &RedisError, lasted: bool) {
        self.source.availability().suspect();
        self.in_step = true;
        if lasted {
            tracing::debug!(member = %self.source.name(), %error, "subscriber disconnected");
            self.failures = 0;
            self.state = State::Resting(None);
        } else {
            self.back_off(error);
        }
    }

    fn back_off(&mut self, error: &RedisError) {
        tracing::debug!(member = %self.source.name(), %error, "subscriber cannot connect");
        self.state = resting(BACKOFF.delay(self.failures, &self.chance));
        self.failures = self.failures.saturating_add(1);
    }
}

fn resting(rest: Duration) -> State {
    State::Resting(Some(Box::pin(sleep(rest))))
}
