//! The half of a subscriber that says what is subscribed.

use redis::ToRedisArgs;
use tokio::sync::{mpsc, oneshot};

use super::subscription::{Change, Kind, Request};
use crate::error::Error;

/// The half of a [`PubSub`](super::PubSub) that says what is subscribed.
///
/// # Clone
/// Clones speak for the same subscriber. None of them keeps it alive: once its stream is dropped, they answer
/// [`Error::Closed`].
#[derive(Debug, Clone)]
pub struct PubSubSink {
    requests: mpsc::Sender<Request>,
}

impl PubSubSink {
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    /// See [`PubSub::subscribe`](super::PubSub::subscribe).
    ///
    /// # Errors
    /// [`Error::Redis`] with the server's refusal, and [`Error::Closed`].
    pub async fn subscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::Begin, Kind::Channel, channels.to_redis_args()).await
    }

    /// See [`PubSub::psubscribe`](super::PubSub::psubscribe).
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn psubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::Begin, Kind::Pattern, patterns.to_redis_args()).await
    }

    /// See [`PubSub::ssubscribe`](super::PubSub::ssubscribe).
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn ssubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::Begin, Kind::Shard, channels.to_redis_args()).await
    }

    /// See [`PubSub::unsubscribe`](super::PubSub::unsubscribe).
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn unsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::End, Kind::Channel, channels.to_redis_args()).await
    }

    /// See [`PubSub::punsubscribe`](super::PubSub::punsubscribe).
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn punsubscribe(&mut self, patterns: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::End, Kind::Pattern, patterns.to_redis_args()).await
    }

    /// See [`PubSub::sunsubscribe`](super::PubSub::sunsubscribe).
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn sunsubscribe(&mut self, channels: impl ToRedisArgs) -> Result<(), Error> {
        self.request(Change::End, Kind::Shard, channels.to_redis_args()).await
    }

    async fn request(&self, change: Change, kind: Kind, names: Vec<Vec<u8>>) -> Result<(), Error> {
        if change == Change::Begin && names.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { change, kind, names, reply };
        self.requests.send(request).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }
}
