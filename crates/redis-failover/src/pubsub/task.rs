//! The one task of a subscriber: follows the active database, and resubscribes there.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};

use redis::RedisError;
#[cfg(feature = "cluster")]
use redis::{ErrorKind, ServerErrorKind};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tower_failover::balance::ActiveRoute;
use tower_failover::{Chance, Route};

use super::delivery::Delivery;
use super::feed::{Feed, News};
use super::inbox::Inbox;
use super::session::{Happened, Session};
use super::source::Source;
#[cfg(feature = "cluster")]
use super::subscription::Kind;
use super::subscription::{Change, Request, Subscription, Subscriptions, Ticket};
use crate::connection::BoxedStream;
#[cfg(feature = "cluster")]
use crate::error::Error;

/// How much of what the former database has sent already is read before its successor's turn. More than this means
/// that it is still being sent.
const READ_BEFORE_A_TURN: usize = 4096;

/// The databases, while the client is open.
pub(super) type Sources = watch::Receiver<Option<Arc<[Source]>>>;

/// What a subscriber is made of.
pub(super) struct Task {
    pub(super) route: ActiveRoute,
    pub(super) sources: Sources,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) delivery: Delivery,
    /// Listens to all databases.
    pub(super) warm: bool,
    pub(super) chance: Chance,
    pub(super) version: u64,
    pub(super) subscriptions: Subscriptions,
    pub(super) feeds: Vec<Feed>,
    /// Which feed is looked at first, so that none is starved by the others.
    pub(super) turn: usize,
}

impl Drop for Task {
    /// However it ends, the reader is told.
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Task {
    /// Ends with the client.
    pub(super) async fn run(mut self) {
        let mut changed = Box::pin(self.route.changed());
        self.follow().await;
        self.arrange();
        let mut requests_end = false;
        while !self.is_closed() {
            tokio::select! {
                biased;
                () = changed.as_mut() => {
                    // Listen before looking, so that no change is missed in between.
                    changed = Box::pin(self.route.changed());
                    self.follow().await;
                }
                changed = self.sources.changed() => match changed {
                    Ok(()) => self.arrange(),
                    Err(_) => return,
                },
                request = next(&mut self.requests, requests_end) => match request {
                    Some(request) => self.request(request),
                    None => requests_end = true,
                },
                (source, news) = poll_fn(|context| poll_in_turn(&mut self.feeds, &mut self.turn, context)) => {
                    // What comes after a switch must not be taken for something from before; what the former
                    // database said is.
                    if self.route.version() != self.version && !self.is_of_current(&news) {
                        self.follow().await;
                    }
                    self.take(&source, news);
                }
            }
            self.answer();
        }
    }

    fn is_closed(&self) -> bool {
        self.sources.borrow().is_none()
    }

    fn is_of_current(&self, news: &News) -> bool {
        matches!(news, News::Happened(generation, _) if Some(*generation) == self.delivery.current())
    }

    /// Looks at which database serves, and turns to it.
    async fn follow(&mut self) {
        let (version, active) = self.route.active();
        if version == self.version {
            return;
        }
        self.version = version;
        self.read_before_turning().await;
        self.delivery.activate(active, Instant::now());
        self.arrange();
    }

    /// What the former database has sent already comes before the turn.
    async fn read_before_turning(&mut self) {
        for _ in 0..READ_BEFORE_A_TURN {
            let current = self.delivery.current();
            let mut feeds = self.feeds.iter_mut();
            let Some(feed) = feeds.find(|feed| current.is_some() && feed.generation() == current) else {
                return;
            };
            let source = feed.source().clone();
            let polled = poll_fn(|context| Poll::Ready(feed.poll(context))).await;
            let Poll::Ready(news) = polled else { return };
            self.take(&source, news);
        }
    }

    fn take(&mut self, source: &Source, news: News) {
        let now = Instant::now();
        match news {
            News::Connected(stream) => self.connected(source, stream, now),
            News::Ended(generation) => {
                self.delivery.ended(generation);
                self.arrange();
            }
            News::Happened(generation, happened) => {
                match happened {
                    Happened::Message(message) => return self.delivery.message(generation, message, now),
                    Happened::Answered { subscription, refused } => {
                        if let Some(error) = refused {
                            self.refused(source, subscription, &error);
                        }
                        self.settle(source, now);
                    }
                    Happened::Pong | Happened::Doubtful => {}
                }
                self.delivery.heard(generation, now);
            }
        }
    }

    /// Everything is subscribed anew on a connection that was made.
    fn connected(&mut self, source: &Source, stream: BoxedStream, now: Instant) {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.source().is(source)) else { return };
        tracing::debug!(member = %source.name(), "subscriber connected");
        let mut session = Session::new(stream);
        for subscription in self.subscriptions.wanted() {
            session.send(Ticket::default(), Change::Begin, subscription.clone());
        }
        feed.serve(session, self.delivery.opened(source.name().clone()));
        self.settle(source, now);
    }

    /// The first time a connection owes no answer any more, everything is subscribed there.
    fn settle(&mut self, source: &Source, now: Instant) {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.source().is(source)) else { return };
        let Some(generation) = feed.generation() else { return };
        if feed.session().is_some_and(|session| session.owes().is_none()) {
            self.delivery.settled(generation, now);
            self.arrange();
        }
    }

    fn refused(&mut self, source: &Source, subscription: Subscription, error: &RedisError) {
        #[cfg(feature = "cluster")]
        if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) {
            return self.moved(source, subscription, error);
        }
        self.told_off(source, subscription, error);
    }

    /// Another node has the slot of a sharded channel.
    #[cfg(feature = "cluster")]
    fn moved(&mut self, source: &Source, subscription: Subscription, error: &RedisError) {
        let slot = crate::command::slot(&subscription.name);
        let is_elsewhere =
            |other: &Subscription| other.kind == Kind::Shard && crate::command::slot(&other.name) != slot;
        if self.subscriptions.wanted().any(is_elsewhere) {
            let error = Error::CrossSlot { command: "SSUBSCRIBE" }.into();
            return self.told_off(source, subscription, &error);
        }
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.source().is(source)) else { return };
        if let Some(generation) = feed.generation() {
            feed.redial(slot, error);
            self.delivery.ended(generation);
            self.arrange();
        }
    }

    fn told_off(&mut self, source: &Source, subscription: Subscription, error: &RedisError) {
        let serves = Some(source.name()) == self.delivery.active();
        if serves && self.subscriptions.refused(&subscription, error) {
            // Whoever asked knows; the other databases are not to send it either.
            for session in self.feeds.iter_mut().filter_map(Feed::session) {
                session.send(Ticket::default(), Change::End, subscription.clone());
            }
        } else if self.subscriptions.is_wanted(&subscription) {
            tracing::warn!(member = %source.name(), %error, "a subscription was refused; asking again");
            let mut feeds = self.feeds.iter_mut();
            if let Some(session) = feeds.find(|feed| feed.source().is(source)).and_then(Feed::session) {
                session.ask_again(subscription);
            }
        }
    }

    fn request(&mut self, request: Request) {
        if request.change == Change::Begin {
            self.delivery.subscribed();
        }
        let (ticket, change, subscriptions) = self.subscriptions.request(request);
        for session in self.feeds.iter_mut().filter_map(Feed::session) {
            for subscription in &subscriptions {
                session.send(ticket, change, subscription.clone());
            }
        }
    }

    /// Answers those whose requests the active database has confirmed.
    fn answer(&mut self) {
        if !self.subscriptions.are_waited_for() {
            return;
        }
        let current = self.delivery.current_of_active();
        let feed = self.feeds.iter_mut().find(|feed| current.is_some() && feed.generation() == current);
        match feed.and_then(Feed::session) {
            Some(session) => self.subscriptions.answered(session.owes()),
            None => self.subscriptions.nobody_to_ask(),
        }
    }

    /// Sees to it that there is a feed for each database that is to be listened to, and for no other. The former
    /// database's is kept until it is turned away from, as long as its connection lives.
    fn arrange(&mut self) {
        let sources = self.sources.borrow_and_update().clone().unwrap_or_default();
        let active = self.delivery.active().cloned();
        let current = self.delivery.current();
        let is_wanted = |source: &Source| self.warm || Some(source.name()) == active.as_ref();
        for feed in self.feeds.extract_if(.., |feed| {
            let listed = sources.iter().any(|source| source.is(feed.source()));
            let is_current = feed.generation().is_some() && feed.generation() == current;
            !(listed && (is_wanted(feed.source()) || is_current))
        }) {
            if let Some(generation) = feed.generation() {
                self.delivery.ended(generation);
            }
        }
        for source in sources.iter().filter(|source| is_wanted(source)) {
            if !self.feeds.iter().any(|feed| feed.source().is(source)) {
                self.feeds.push(Feed::new(source.clone(), self.chance.clone()));
            }
        }
        for feed in &mut self.feeds {
            let serves = Some(feed.source().name()) == active.as_ref();
            feed.set_urgent(serves);
        }
    }
}

/// The next request; pending for ever once nobody can ask.
async fn next(requests: &mut mpsc::Receiver<Request>, end: bool) -> Option<Request> {
    if end { pending().await } else { requests.recv().await }
}

/// The news of the first feed that has some, beginning with the one after the last that had.
fn poll_in_turn(feeds: &mut [Feed], turn: &mut usize, context: &mut Context<'_>) -> Poll<(Source, News)> {
    for step in 0..feeds.len() {
        let index = (*turn + step) % feeds.len();
        if let Poll::Ready(news) = feeds[index].poll(context) {
            *turn = index + 1;
            return Poll::Ready((feeds[index].source().clone(), news));
        }
    }
    Poll::Pending
}
