//! The databases that a subscriber may listen to.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;

use tower_failover::Availability;
use tower_failover::Verdict;
use tower_failover::availability::{ConnectionCount, OpenConnection, View};
use tower_failover::event::Name;

use crate::connection::{BoxedStream, Place};

/// One database: how it is dialled, and what is known of it.
///
/// # Clone
/// Clones are the same database; one that was removed and added again is another.
#[derive(Clone)]
pub(crate) struct Source(Arc<Inner>);

struct Inner {
    place: Place,
    availability: Availability,
    redial_spread: Duration,
    /// Those on which subscribers listen.
    listening: ConnectionCount,
}

impl Source {
    /// Redials that nobody waits for take place within `redial_spread` (B36).
    pub(crate) fn new(place: impl Into<Place>, availability: Availability, redial_spread: Duration) -> Self {
        let listening = ConnectionCount::default();
        Self(Arc::new(Inner { place: place.into(), availability, redial_spread, listening }))
    }

    pub(super) fn name(&self) -> &Name {
        self.0.availability.name()
    }

    /// In a cluster, to the node that has the slot, or to any.
    pub(super) async fn dial(&self, slot: Option<u16>) -> RedisResult<BoxedStream> {
        self.0.place.dial_stream(slot).await
    }

    /// The slot is another node's by now.
    #[cfg(feature = "cluster")]
    pub(super) fn distrust(&self) {
        self.0.place.distrust();
    }

    pub(super) fn availability(&self) -> &Availability {
        &self.0.availability
    }

    pub(super) fn redial_spread(&self) -> Duration {
        self.0.redial_spread
    }

    /// How many subscribers have a connection to it.
    pub(crate) fn subscribers(&self) -> usize {
        self.0.listening.count()
    }

    pub(super) fn listens(&self) -> OpenConnection {
        self.0.listening.opened()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What the health checks say of dialling a database (B36).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    Dial,
    /// Somebody is finding out whether it lives.
    Wait,
    InVain,
}

impl Advice {
    pub(super) fn of(view: &View) -> Self {
        match view.verdict {
            Verdict::Unhealthy if view.checked => Self::InVain,
            _ if view.checked && view.suspected => Self::Wait,
            _ => Self::Dial,
        }
    }
}
