//! Subscribers of a client.

use std::sync::Arc;

use super::MultiDbClient;
use super::in_flight::InFlight;
use crate::error::Error;
use crate::pubsub::{PubSub, PubSubSettings};

impl MultiDbClient {
    /// A subscriber of its own to the active database, which it follows; see [`pubsub`](crate::pubsub). To a database
    /// that is a service of one's own nobody can subscribe: while one is active, subscribers stay where they are.
    ///
    /// # Errors
    /// [`Error::Closed`] and [`Error::Config`]. It does not wait for a connection.
    pub async fn pubsub(&self) -> Result<PubSub, Error> {
        self.pubsub_with(PubSubSettings::default()).await
    }

    /// As [`pubsub`](Self::pubsub), with other than the default settings.
    ///
    /// # Errors
    /// As [`pubsub`](Self::pubsub).
    pub async fn pubsub_with(&self, settings: PubSubSettings) -> Result<PubSub, Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.running().await?.subscribers.subscribe(settings, Arc::clone(&self.shared) as _))
    }
}
