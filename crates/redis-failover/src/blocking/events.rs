//! What happens, for a thread that waits for it.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tower_failover::{Event, EventStream};

use super::background::may_wait;
use super::park;
use crate::error::Error;

/// The events of a client, one after the other, from when it was made; see
/// [`MultiDbClient::events`](super::MultiDbClient::events).
///
/// ```no_run
/// use redis_failover::Event;
///
/// # fn run(client: redis_failover::blocking::MultiDbClient) {
/// let events = client.events();
/// std::thread::spawn(move || {
///     for event in events {
///         if let Event::ActiveChanged { to, reason, .. } = event {
///             println!("{to} serves now: {reason:?}");
///         }
///     }
/// });
/// # }
/// ```
///
/// As an iterator it waits for the next event as long as it takes, and ends when the client is closed, or its last
/// clone and its last subscriber are dropped. It does not keep the client.
#[derive(Debug)]
pub struct EventIter {
    events: EventStream,
    ended: watch::Receiver<bool>,
}

impl EventIter {
    pub(super) fn new(events: EventStream, ended: watch::Receiver<bool>) -> Self {
        Self { events, ended }
    }

    /// The next event; `None` if there is none within `timeout`. Without a timeout it waits for ever.
    ///
    /// # Errors
    /// [`Error::Closed`] once the client was closed or dropped, and what happened before was read;
    /// [`Error::WouldDeadlock`].
    pub fn next_event(&mut self, timeout: Option<Duration>) -> Result<Option<Event>, Error> {
        may_wait()?;
        let next = async {
            tokio::select! {
                biased;
                event = self.events.next() => event.ok_or(Error::Closed),
                // The end, in either case.
                _ = self.ended.wait_for(|ended| *ended) => Err(Error::Closed),
            }
        };
        park::block_on_for(timeout, next).ok().transpose()
    }
}

impl Iterator for EventIter {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.next_event(None).ok().flatten()
    }
}
