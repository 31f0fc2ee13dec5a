//! Who is told what happens.

use tower_failover::Event;
use tower_failover::event::Listener;

use super::MultiDbConfig;

impl MultiDbConfig {
    /// Calls this with each event, from those of the start to the client's end. It may block, and may call the client:
    /// nothing waits for it. One that panics is called no more, and [`Event::Panicked`] tells the others (B51).
    ///
    /// A listener that holds the client keeps it alive until it is [closed](crate::MultiDbClient::close).
    ///
    /// ```
    /// use redis_failover::{Event, MultiDbConfig};
    ///
    /// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?.listener(|event| {
    ///     if let Event::ActiveChanged { from, to, reason, .. } = event {
    ///         eprintln!("from {from:?} to {to}: {reason:?}");
    ///     }
    /// });
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    #[must_use]
    pub fn listener(self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.add_listener(Listener::new(listener))
    }

    /// As [`listener`](Self::listener), with code that returns a future. It must not block; the next event comes when
    /// the future has completed.
    ///
    /// ```
    /// use redis_failover::{Event, MultiDbConfig};
    ///
    /// async fn page_somebody(what: String) { /* … */ }
    ///
    /// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?.async_listener(|event| async move {
    ///     if matches!(event, Event::OutageBegan) {
    ///         page_somebody("no region is left".into()).await;
    ///     }
    /// });
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    #[must_use]
    pub fn async_listener<F, Fut>(self, listener: F) -> Self
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.add_listener(Listener::asynchronous(listener))
    }

    fn add_listener(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }
}
