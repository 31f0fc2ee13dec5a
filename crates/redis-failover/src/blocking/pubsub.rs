//! Messages that go on through a failover, for a thread that waits for them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::ToRedisArgs;

use super::background::{Background, may_wait};
use super::park;
use crate::error::Error;
use crate::pubsub::{self, PubSubItem};

/// A subscriber: what it is subscribed to, and what comes.
///
/// Made by [`MultiDbClient::pubsub`](super::MultiDbClient::pubsub), as often as wanted; all are independent. It moves
/// with the active database by itself, also while a thread waits in [`get_message`](Self::get_message); see
/// [`pubsub`](crate::pubsub) for what may be missing then, and how it is told.
///
/// ```no_run
/// use std::time::Duration;
/// use redis_failover::PubSubItem;
///
/// # fn run(client: redis_failover::blocking::MultiDbClient) -> Result<(), redis_failover::Error> {
/// let mut pubsub = client.pubsub()?;
/// pubsub.subscribe(&["news", "alerts"])?;
/// loop {
///     match pubsub.get_message(Some(Duration::from_secs(1)))? {
///         Some(PubSubItem::Message(message)) => println!("{:?}", message.get_payload_bytes()),
///         Some(PubSubItem::Gap { from, to }) => println!("from {from} to {to}: read again what must not be missed"),
///         Some(_) => {}
///         None => println!("nothing for a second"),
///     }
/// }
/// # }
/// ```
///
/// As an iterator it waits for the next item as long as it takes, and ends when the client is closed. A subscriber
/// keeps the client's databases in use, and its thread, even when the last clone of the client is dropped.
#[derive(Debug)]
pub struct PubSub {
    sink: PubSubSink,
    stream: PubSubStream,
}

impl PubSub {
    pub(super) fn new(pubsub: pubsub::PubSub, background: Arc<Background>) -> Self {
        let (sink, stream) = pubsub.split();
        Self { sink: PubSubSink(sink), stream: PubSubStream { stream, _background: background } }
    }

    /// Waits for a message, or for what must be known about those that do not come. `None` if nothing comes within
    /// `timeout`; without a timeout it waits for ever.
    ///
    /// # Errors
    /// [`Error::Closed`] once the client was closed and what came before was read; [`Error::WouldDeadlock`].
    pub fn get_message(&mut self, timeout: Option<Duration>) -> Result<Option<PubSubItem>, Error> {
        self.stream.get_message(timeout)
    }

    /// Subscribes to channels, and waits until the active database has confirmed it: what is published there from then
    /// on comes. While no database is active, it waits for the next one.
    ///
    /// # Errors
    /// [`Error::Redis`] with the server's refusal; [`Error::Closed`]; [`Error::WouldDeadlock`].
    pub fn subscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.subscribe(channels)
    }

    /// As [`subscribe`](Self::subscribe), for all channels that match patterns.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub fn psubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.psubscribe(patterns)
    }

    /// As [`subscribe`](Self::subscribe), for sharded channels.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub fn ssubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.ssubscribe(channels)
    }

    /// Ends the subscription to channels, all of them if none is named. Waits until the active database has confirmed
    /// it, if there is one; messages that came before can still be read.
    ///
    /// # Errors
    /// [`Error::Closed`]; [`Error::WouldDeadlock`].
    pub fn unsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.unsubscribe(channels)
    }

    /// As [`unsubscribe`](Self::unsubscribe), for patterns.
    ///
    /// # Errors
    /// As [`unsubscribe`](Self::unsubscribe).
    pub fn punsubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.punsubscribe(patterns)
    }

    /// As [`unsubscribe`](Self::unsubscribe), for sharded channels.
    ///
    /// # Errors
    /// As [`unsubscribe`](Self::unsubscribe).
    pub fn sunsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.sunsubscribe(channels)
    }

    /// The two halves, for two threads. The subscriber lives as long as its stream.
    #[must_use]
    pub fn split(self) -> (PubSubSink, PubSubStream) {
        (self.sink, self.stream)
    }
}

impl Iterator for PubSub {
    type Item = PubSubItem;

    fn next(&mut self) -> Option<PubSubItem> {
        self.stream.next()
    }
}

/// The half of a [`PubSub`] that is read. When it is dropped, the subscriber ends.
#[derive(Debug)]
pub struct PubSubStream {
    // Before the background, as in the client.
    stream: pubsub::PubSubStream,
    _background: Arc<Background>,
}

impl PubSubStream {
    /// See [`PubSub::get_message`].
    ///
    /// # Errors
    /// [`Error::Closed`] once the client was closed and what came before was read; [`Error::WouldDeadlock`].
    pub fn get_message(&mut self, timeout: Option<Duration>) -> Result<Option<PubSubItem>, Error> {
        may_wait()?;
        match park::block_on_for(timeout, self.stream.next()) {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => Err(Error::Closed),
            Err(park::Elapsed) => Ok(None),
        }
    }
}

impl Iterator for PubSubStream {
    type Item = PubSubItem;

    fn next(&mut self) -> Option<PubSubItem> {
        self.get_message(None).ok().flatten()
    }
}

/// The half of a [`PubSub`] that says what is subscribed.
///
/// # Clone
/// Clones speak for the same subscriber. None of them keeps it alive: once its stream is dropped, they answer
/// [`Error::Closed`].
#[derive(Debug, Clone)]
pub struct PubSubSink(pubsub::PubSubSink);

impl PubSubSink {
    /// See [`PubSub::subscribe`].
    ///
    /// # Errors
    /// [`Error::Redis`] with the server's refusal; [`Error::Closed`]; [`Error::WouldDeadlock`].
    pub fn subscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.subscribe(channels))
    }

    /// See [`PubSub::psubscribe`].
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub fn psubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.psubscribe(patterns))
    }

    /// See [`PubSub::ssubscribe`].
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub fn ssubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.ssubscribe(channels))
    }

    /// See [`PubSub::unsubscribe`].
    ///
    /// # Errors
    /// [`Error::Closed`]; [`Error::WouldDeadlock`].
    pub fn unsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.unsubscribe(channels))
    }

    /// See [`PubSub::punsubscribe`].
    ///
    /// # Errors
    /// As [`unsubscribe`](Self::unsubscribe).
    pub fn punsubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.punsubscribe(patterns))
    }

    /// See [`PubSub::sunsubscribe`].
    ///
    /// # Errors
    /// As [`unsubscribe`](Self::unsubscribe).
    pub fn sunsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        wait(self.0.sunsubscribe(channels))
    }
}

/// Waits for the subscriber's task.
fn wait(answer: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    may_wait()?;
    park::block_on(answer)
}
