//! Where events come from, and the streams of them.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::broadcast;

use super::Event;
use super::listener::{Listener, Listening};
use super::log::log;

/// Where events are emitted, and where one subscribes to them.
///
/// Each event goes to `tracing` and to all subscribers. A slow subscriber gets [`Event::Lagged`] and harms nobody.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use futures_util::StreamExt;
/// use tower_failover::{Event, Events};
///
/// let events = Events::default();
/// let mut stream = events.subscribe();
/// events.emit(Event::OutageBegan);
/// assert_eq!(stream.next().await, Some(Event::OutageBegan));
/// # }
/// ```
///
/// # Clone
/// Clones emit to the same subscribers.
#[derive(Clone)]
pub struct Events {
    outbox: Arc<Mutex<Outbox>>,
    subscribers: broadcast::Sender<Event>,
}

#[derive(Default)]
struct Outbox {
    waiting: VecDeque<Event>,
    being_flushed: bool,
}

impl Default for Events {
    fn default() -> Self {
        Self::new(1024)
    }
}

impl Events {
    /// Keeps up to `capacity` events for a slow subscriber.
    ///
    /// # Panics
    /// If `capacity` is 0.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { outbox: Arc::default(), subscribers: broadcast::Sender::new(capacity) }
    }

    /// The events from now on.
    #[must_use]
    pub fn subscribe(&self) -> EventStream {
        let receiver = self.subscribers.subscribe();
        EventStream(Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async {
            match receiver.recv().await {
                Ok(event) => Some((event, receiver)),
                Err(broadcast::error::RecvError::Lagged(missed)) => Some((Event::Lagged(missed), receiver)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })))
    }

    /// Calls `listener` with each event from now on, until what this returns is dropped or nobody can emit any more.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use tower_failover::event::{Event, Events, Listener};
    ///
    /// let events = Events::default();
    /// let switches = Listener::new(|event| println!("page somebody: {event:?}"))
    ///     .only(|event| matches!(event, Event::ActiveChanged { .. }));
    /// let listening = events.listen(switches);
    /// # drop(listening);
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime: a listener is called by a task of its own.
    pub fn listen(&self, listener: Listener) -> Listening {
        Listening::start(listener, self)
    }

    /// Tells everybody. Not to be called under a lock: `tracing` runs the subscriber's code.
    pub fn emit(&self, event: Event) {
        self.enqueue(event);
        self.flush();
    }

    /// Takes an event's place in the order; cheap, and allowed under a lock. [`flush`](Self::flush) must follow.
    pub(crate) fn enqueue(&self, event: Event) {
        self.lock().waiting.push_back(event);
    }

    /// Emits what is enqueued, in order, whoever enqueued it; one thread at a time, and outside every lock.
    pub(crate) fn flush(&self) {
        struct Done<'a>(&'a Events);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.lock().being_flushed = false;
            }
        }

        loop {
            let event = {
                let mut outbox = self.lock();
                if outbox.being_flushed {
                    return;
                }
                let Some(event) = outbox.waiting.pop_front() else { return };
                outbox.being_flushed = true;
                event
            };
            let done = Done(self);
            log(&event);
            // Nobody listening is no error.
            let _ = self.subscribers.send(event);
            drop(done);
        }
    }

    /// A hold on these that lets them end.
    pub(super) fn downgrade(&self) -> WeakEvents {
        WeakEvents { outbox: Arc::downgrade(&self.outbox), subscribers: self.subscribers.downgrade() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outbox> {
        // A queue is whole at every step.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscribers", &self.subscribers.receiver_count()).finish()
    }
}

/// Emits as long as somebody else can.
pub(super) struct WeakEvents {
    outbox: Weak<Mutex<Outbox>>,
    subscribers: broadcast::WeakSender<Event>,
}

impl WeakEvents {
    pub(super) fn emit(&self, event: Event) {
        if let (Some(outbox), Some(subscribers)) = (self.outbox.upgrade(), self.subscribers.upgrade()) {
            Events { outbox, subscribers }.emit(event);
        }
    }
}

/// A subscription to [`Events`]; ends when nobody can emit any more.
pub struct EventStream(Pin<Box<dyn Stream<Item = Event> + Send + Sync>>);

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}
