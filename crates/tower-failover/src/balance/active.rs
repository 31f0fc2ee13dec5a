//! The published choice: written by the driver once per event, read by every clone.

use std::sync::{Arc, PoisonError};

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, mpsc};
use tokio::time::Duration;

use super::handle::Order;
use super::outage::Outage;
use super::snapshot::Roster;
use crate::availability::Availability;
use crate::event::Name;
use crate::route::Route;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// How many versions back it is remembered who served, and whether that member hung.
const REMEMBERED: usize = 16;

/// What all clones of a balance share.
pub(super) struct Shared<S> {
    pub(super) active: Arc<Active>,
    published: Mutex<Published<S>>,
    pub(super) wait_for_member: Option<Duration>,
    /// The only sender: the driver ends when the last clone of the balance, and with it this, is gone.
    pub(super) orders: mpsc::Sender<Order>,
}

/// The choice as far as it does not depend on the services' type.
pub(super) struct Active {
    version: AtomicU64,
    changed: Arc<Notify>,
    now: Mutex<Now>,
}

struct Now {
    availability: Option<Availability>,
    /// The first version whose calls are there now: those that found nobody waited for who serves now.
    since: u64,
    hung: [u64; REMEMBERED],
    served: [(u64, Option<Availability>); REMEMBERED],
    roster: Arc<Roster>,
}

/// Who serves.
pub(super) enum Published<S> {
    Member(Arc<S>),
    Nobody(Absence),
}

impl<S> Clone for Published<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Member(service) => Self::Member(Arc::clone(service)),
            Self::Nobody(absence) => Self::Nobody(*absence),
        }
    }
}

/// Why nobody serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// The first choice is still to be made.
    NotYet,
    Outage(Outage),
    DriverGone,
}

impl<S> Shared<S> {
    pub(super) fn new(wait_for_member: Option<Duration>, orders: mpsc::Sender<Order>) -> Self {
        let active = Active {
            version: AtomicU64::new(1),
            changed: Arc::default(),
            now: Mutex::new(Now {
                availability: None,
                since: 1,
                hung: [0; REMEMBERED],
                served: [const { (0, None) }; REMEMBERED],
                roster: Arc::default(),
            }),
        };
        Self {
            active: Arc::new(active),
            published: Mutex::new(Published::Nobody(Absence::NotYet)),
            wait_for_member,
            orders,
        }
    }

    /// Who serves, with the version of that choice.
    pub(super) fn read(&self) -> (u64, Published<S>) {
        let published = self.published();
        (self.active.version(), published.clone())
    }

    /// Publishes a choice under the next version. `hung`: what was in flight under the former one will not be
    /// answered.
    pub(super) fn publish(
        &self,
        choice: Published<S>,
        availability: Option<Availability>,
        hung: bool,
    ) -> u64 {
        let former;
        let version = {
            let mut published = self.published();
            former = std::mem::replace(&mut *published, choice);
            self.active.advance(availability, hung)
        };
        // A service's drop is foreign code: outside the lock.
        drop(former);
        version
    }

    fn published(&self) -> MutexGuard<'_, Published<S>> {
        // Only whole values are written under it.
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn advance(&self, availability: Option<Availability>, hung: bool) -> u64 {
        let mut now = self.now();
        let former = self.version();
        if hung {
            for version in now.since..=former {
                now.hung[place(version)] = version;
            }
        }
        if now.availability.is_some() {
            now.since = former + 1;
        }
        now.served[place(former + 1)] = (former + 1, availability.clone());
        now.availability = availability;
        self.version.store(former + 1, Ordering::Release);
        former + 1
    }

    /// Wakes all who wait for a change.
    pub(super) fn announce(&self) {
        self.changed.notify_waiters();
    }

    /// Completes at the next announcement after this call.
    pub(super) fn changed(&self) -> OwnedNotified {
        Arc::clone(&self.changed).notified_owned()
    }

    pub(super) fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.now().roster)
    }

    pub(super) fn set_roster(&self, roster: Arc<Roster>) {
        self.now().roster = roster;
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Only whole values are written under it.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a version is remembered.
fn place(version: u64) -> usize {
    usize::try_from(version).unwrap_or(usize::MAX) % REMEMBERED
}

/// The [`Route`] of a balance.
///
/// # Clone
/// Clones look at the same balance, and do not keep it alive.
#[derive(Clone)]
pub struct ActiveRoute(pub(super) Arc<Active>);

impl ActiveRoute {
    /// Who serves, with the version of that choice; for those who keep something of their own at the active member
    /// and move it when [`version`](Route::version) says so.
    #[must_use]
    pub fn active(&self) -> (u64, Option<Name>) {
        let now = self.0.now();
        (self.0.version(), now.availability.as_ref().map(|availability| availability.name().clone()))
    }
}

impl Route for ActiveRoute {
    type Changed = OwnedNotified;

    #[inline]
    fn version(&self) -> u64 {
        self.0.version()
    }

    fn in_doubt(&self) -> bool {
        self.0.now().availability.as_ref().is_some_and(Availability::is_in_doubt)
    }

    fn hung(&self, version: u64) -> bool {
        version != 0 && self.0.now().hung[place(version)] == version
    }

    fn changed(&self) -> OwnedNotified {
        self.0.changed()
    }

    fn served_by(&self, version: u64) -> Option<Availability> {
        let now = self.0.now();
        let (remembered, member) = &now.served[place(version)];
        let member = member.as_ref().filter(|_| *remembered == version);
        // What found nobody waited for who serves now.
        member.or(now.availability.as_ref().filter(|_| version >= now.since)).cloned()
    }
}

impl std::fmt::Debug for ActiveRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActiveRoute").field("version", &self.0.version()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Events;

    #[test]
    fn b35_calls_that_waited_for_a_member_hang_with_it() {
        let (orders, _received) = mpsc::channel(1);
        let shared = Shared::new(None, orders);
        let route = ActiveRoute(Arc::clone(&shared.active));
        let publish = |hung| {
            let availability = Availability::new("eu-west", Events::default());
            shared.publish(Published::Member(Arc::new(())), Some(availability), hung)
        };
        let before = route.version();
        let first = publish(false);
        let second = publish(true);
        assert!(route.hung(before), "nobody served then: what began waited for the first");
        assert!(route.hung(first));
        assert!(!route.hung(second));
        let third = publish(false);
        publish(true);
        assert!(!route.hung(second), "left for another reason");
        assert!(route.hung(third));
    }
}
