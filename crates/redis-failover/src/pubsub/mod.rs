//! Messages that go on through a failover.
//!
//! A [`PubSub`] is subscribed on a connection of its own to the active database. When another database becomes active,
//! it moves there by itself, with no call needed, and subscribes to everything anew; when its connection is lost, it
//! dials until that works. The stream says where messages may be missing.
//!
//! ```no_run
//! use futures_util::StreamExt;
//! use redis_failover::pubsub::PubSubItem;
//!
//! # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
//! let mut pubsub = client.pubsub().await?;
//! pubsub.subscribe(&["news", "alerts"]).await?;
//! while let Some(item) = pubsub.next().await {
//!     match item {
//!         PubSubItem::Message(message) => println!("{}: {:?}", message.get_channel_name(), message.get_payload_bytes()),
//!         PubSubItem::Gap { from, to } => println!("from {from} to {to}: read again what must not be missed"),
//!         PubSubItem::Lagged(missed) => println!("too slow: {missed} messages were dropped"),
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # What may be missing
//!
//! Redis keeps no messages: whoever is not subscribed when one is published never gets it, and no message goes from one
//! database to another, not even between Active-Active databases. So from the death of the active database until
//! everything is subscribed on the next one, messages are missed, and a [`PubSubItem::Gap`] stands in their place: all
//! before it is of the former database, all after it of the new one, and never is a message of the former one passed on
//! later. `from` equals `to` when only the connection was lost. A gap is marked whether or not something was published
//! meanwhile, for nobody can know.
//!
//! At a switch by choice (a fallback, by hand) the former connection is listened to until everything is subscribed at
//! the new database.
//!
//! # Warm mode
//!
//! A [warm](PubSubSettings::warm) subscriber is subscribed at all databases and passes on the messages of the active one
//! only. A switch then needs no dial and no round trip. And since publishers may move a little earlier than this
//! subscriber, the first messages after the gap are those that the new database has received *since the former one was
//! last heard of*, by a message or by its answer to a PING: of what the new database received from publishers that use
//! a [`MultiDbClient`](crate::MultiDbClient), nothing is missing, and nothing comes twice. What is still missing is what
//! the former database took and did not deliver before it died, and what was published to it after this subscriber had
//! left. Where other publishers write to a standby all the time, up to a quarter of a second of their messages, or as
//! long as the former database had been silent, comes with the rest.
//!
//! Clients in different processes do not fall back at the same moment, nor are they moved by hand at the same moment.
//! What the new database receives while the former one still lives, and this subscriber is still there, is not passed
//! on, unless an [overlap](PubSubSettings::overlap) says so. With one, move publishers first.
//!
//! It costs a connection to, and all messages of, every database.
//!
//! # How a dead database is noticed
//!
//! A connection that ends makes the database suspected, and so is asked about at once (B17). One that is silent for
//! 250 ms is asked with PING. If there is no answer within 10 ms (or eight round trips), the database is suspected;
//! within 500 ms, the connection is given up and dialled anew. A subscriber alone never takes a database out of use,
//! however often it fails to connect.
//!
//! # Slow readers
//!
//! What is not read waits in a buffer of bounded size; beyond that the oldest messages are dropped, and
//! [`PubSubItem::Lagged`] says how many. A reader that never reads delays nobody.

mod buffer;
mod delivery;
mod feed;
mod heard;
mod inbox;
mod item;
mod liveness;
mod session;
mod settings;
mod sink;
mod source;
mod stream;
mod subscribers;
mod subscription;
mod task;
mod wire;

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use redis::ToRedisArgs;

use crate::error::Error;

pub use item::PubSubItem;
pub use settings::PubSubSettings;
pub use sink::PubSubSink;
pub(crate) use source::Source;
pub use stream::PubSubStream;
pub(crate) use subscribers::Subscribers;

/// A subscriber: what it is subscribed to, and the stream of what comes.
///
/// Made by [`MultiDbClient::pubsub`](crate::MultiDbClient::pubsub), as often as wanted; all are independent. The methods
/// are those of redis-rs's `aio::PubSub`, and [`split`](Self::split) gives them and the stream to different tasks.
///
/// The stream ends when the client is closed. A subscriber keeps the client's databases in use, even when the last clone
/// of the client is dropped.
///
/// # Cancellation
/// Dropping the future of a subscription leaves it asked for. Dropping the subscriber ends its task and its connections.
#[derive(Debug)]
pub struct PubSub {
    sink: PubSubSink,
    stream: PubSubStream,
}

impl PubSub {
    /// Subscribes to channels, and waits until the active database has confirmed it: what is published there from then on
    /// comes. While no database is active, it waits for the next one.
    ///
    /// ```no_run
    /// # async fn run(mut pubsub: redis_failover::pubsub::PubSub) -> Result<(), redis_failover::Error> {
    /// pubsub.subscribe("news").await?;
    /// pubsub.subscribe(&["weather", "sport"]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Redis`] with the server's refusal, and [`Error::Closed`].
    pub async fn subscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.subscribe(channels).await
    }

    /// As [`subscribe`](Self::subscribe), for all channels that match patterns.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn psubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.psubscribe(patterns).await
    }

    /// As [`subscribe`](Self::subscribe), for sharded channels.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn ssubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.ssubscribe(channels).await
    }

    /// Ends the subscription to channels, all of them if none is named. Waits until the active database has confirmed it,
    /// if there is one; messages that came before can still be read.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn unsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.unsubscribe(channels).await
    }

    /// As [`unsubscribe`](Self::unsubscribe), for patterns.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn punsubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.punsubscribe(patterns).await
    }

    /// As [`unsubscribe`](Self::unsubscribe), for sharded channels.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn sunsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.sink.sunsubscribe(channels).await
    }

    /// The two halves. The subscriber lives as long as its stream.
    #[must_use]
    pub fn split(self) -> (PubSubSink, PubSubStream) {
        (self.sink, self.stream)
    }
}

impl Stream for PubSub {
    type Item = PubSubItem;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<PubSubItem>> {
        Pin::new(&mut self.stream).poll_next(context)
    }
}
