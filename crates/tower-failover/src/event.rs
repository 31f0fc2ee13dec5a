//! Events: every transition, once, in order.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::broadcast;
use tokio::time::Duration;

use crate::availability::{CircuitState, Evidence, OpenReason, Verdict};

/// A member's name, the same in configuration, events, snapshots, errors and metrics.
pub type Name = Arc<str>;

/// Why the active member changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SwitchReason {
    /// The first choice.
    Initial,
    /// The former one became unavailable, as its circuit or its checks say.
    Unavailable(OpenReason),
    /// A heavier one is available again (B37).
    Fallback,
    /// Chosen by hand (B38).
    Manual,
    /// Weights changed, or a heavier member was added (B40).
    Weight,
    /// The former one was removed.
    Removed,
    /// The former one is being drained.
    Drained,
    /// Nothing was available before.
    Recovered,
}

impl SwitchReason {
    /// Whether a person, and not the rules, made the choice.
    #[must_use]
    pub fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::Weight | Self::Removed | Self::Drained)
            || matches!(self, Self::Unavailable(OpenReason::Forced | OpenReason::Drill))
    }
}

/// Something that changed. Events tell of transitions only; the state now is in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Calls go to another member from now on.
    ActiveChanged {
        /// Who served before; `None` at the start and after an outage.
        from: Option<Name>,
        /// Who serves now.
        to: Name,
        /// Why.
        reason: SwitchReason,
        /// What spoke against the former one.
        evidence: Option<Evidence>,
        /// The version of the choice; grows with each.
        version: u64,
    },
    /// A circuit changed its state, or was closed anew with a fresh window.
    CircuitChanged {
        /// Whose.
        member: Name,
        /// Before.
        from: CircuitState,
        /// After.
        to: CircuitState,
        /// Why it is, or was, not closed.
        reason: Option<OpenReason>,
    },
    /// The health checks say something else than before.
    VerdictChanged {
        /// Whose.
        member: Name,
        /// Before.
        from: Verdict,
        /// After.
        to: Verdict,
        /// What led to it.
        evidence: Option<Evidence>,
    },
    /// Calls failed; told at most once a second.
    CallsFailed {
        /// Where.
        member: Name,
        /// How many since the last such event.
        count: u64,
    },
    /// No member is available.
    OutageBegan,
    /// Still none, after `failover_attempts` × `failover_delay` (B28).
    OutageEscalated {
        /// How long it has lasted.
        lasted: Duration,
    },
    /// A member is available again.
    OutageEnded {
        /// How long it lasted.
        lasted: Duration,
    },
    /// A member joined.
    MemberAdded {
        /// Who.
        member: Name,
    },
    /// A member left.
    MemberRemoved {
        /// Who.
        member: Name,
    },
    /// A member that was to join was refused, or the list of members could not be read.
    DiscoverFailed {
        /// Why.
        detail: Arc<str>,
    },
    /// A member refuses us as we are configured (wrong password, untrusted certificate). Connections made before may
    /// go on; whether they do, the verdict tells.
    Misconfigured {
        /// Who.
        member: Name,
        /// What is wrong, without secrets.
        detail: Arc<str>,
    },
    /// The retry budget refused repeats; told at most once a second.
    RetriesRefused {
        /// How many since the last such event.
        count: u64,
    },
    /// A user's detector, check or strategy panicked and was contained.
    Panicked {
        /// What it was.
        what: Arc<str>,
    },
    /// This subscriber was too slow and missed so many events.
    Lagged(u64),
}

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
            trace(&event);
            // Nobody listening is no error.
            let _ = self.subscribers.send(event);
            drop(done);
        }
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

/// Every switch is one WARN line (B51); what is told of one member alone is INFO or DEBUG.
fn trace(event: &Event) {
    use tracing::{debug, info, warn};
    match event {
        Event::ActiveChanged { from, to, reason, evidence, version } => warn!(
            from = from.as_deref().unwrap_or("none"),
            to = %to,
            ?reason,
            evidence = evidence.as_ref().map(tracing::field::display),
            version,
            "active member changed"
        ),
        Event::CircuitChanged { member, from, to, reason } => {
            info!(member = %member, ?from, ?to, ?reason, "circuit changed");
        }
        Event::VerdictChanged { member, from, to, evidence } => {
            info!(member = %member, ?from, ?to, evidence = evidence.as_ref().map(tracing::field::display), "verdict changed");
        }
        Event::CallsFailed { member, count } => debug!(member = %member, count, "calls failed"),
        Event::OutageBegan => warn!("no member is available"),
        Event::OutageEscalated { lasted } => warn!(?lasted, "still no member is available"),
        Event::OutageEnded { lasted } => warn!(?lasted, "a member is available again"),
        Event::MemberAdded { member } => info!(member = %member, "member added"),
        Event::MemberRemoved { member } => info!(member = %member, "member removed"),
        Event::DiscoverFailed { detail } => warn!(detail = %detail, "members could not be discovered"),
        // While it lasts, the driver warns of it.
        Event::Misconfigured { member, detail } => info!(member = %member, detail = %detail, "misconfigured"),
        Event::RetriesRefused { count } => warn!(count, "the retry budget refused repeats"),
        Event::Panicked { what } => warn!(what = %what, "panicked and was contained"),
        Event::Lagged(missed) => debug!(missed, "an event subscriber was too slow"),
    }
}
