//! The one timer of all calls in flight, and the coarse clock.

#[cfg(all(test, failover_loom))]
mod loom;

use std::fmt;
use std::sync::{Arc, PoisonError, Weak};

use tokio::time::{Duration, Instant};

use super::member::Member;
use super::slots::Slot;
use crate::bell::Bell;
use crate::clock::Clock;
use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard, in_one_order};

/// How often calls in flight are looked at.
pub(super) const TICK: Duration = Duration::from_millis(25);

/// A stall after which nobody knows what became of the members and of the connections to them.
const LONG_STALL: Duration = Duration::from_secs(1);

/// Expires calls, notices silence and publishes the coarse clock, for all members of a client.
///
/// A timer per call costs more than all the layers together may; a slot per call in flight and one task that looks at
/// them every 25 ms cost next to nothing. While nothing is in flight the task is *parked*: it has no timer and is
/// woken by the next call.
///
/// A sweep that comes more than 50 ms late means that this process stood still: it was stopped, its runtime was
/// blocked, or its machine was paused. Such a stall does not count (B57): it is taken out of the coarse clock for
/// good, and nothing is judged before the next sweep, so that the I/O driver first hands over what had arrived.
/// After more than a second every member is asked at once, before anything else is held against it. A park is no
/// stall.
///
/// On a paused tokio clock time advances by itself no further than to the next sweep, so everything behaves as
/// in earnest. `tokio::time::advance` by more than 75 ms while calls are in flight looks like a stall, and is
/// treated as one: sleep instead.
///
/// # Clone
/// Clones are handles to the same task. It ends when the last one, and the last layer and service made with one, is
/// dropped.
#[derive(Clone)]
pub struct Sweeper {
    shared: Arc<Shared>,
}

const PARKED: u8 = 0;
const AWAKE: u8 = 1;
const GONE: u8 = 2;

struct Shared {
    /// Changed under the lock of `members` alone.
    state: AtomicU8,
    precise: Clock,
    coarse: Clock,
    sweeps: AtomicU64,
    members: Mutex<Vec<Weak<Member>>>,
    bell: Arc<Bell>,
}

impl Sweeper {
    /// A sweeper and its task, which somebody has to run. When the task is dropped, calls in flight and those that
    /// follow fall back to timers of their own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use tower_failover::deadline::Sweeper;
    ///
    /// let (sweeper, task) = Sweeper::new();
    /// let task = tokio::spawn(task);
    /// drop(sweeper);
    /// task.await.unwrap();
    /// # }
    /// ```
    #[must_use = "nothing is swept unless the task runs"]
    pub fn new() -> (Self, impl Future<Output = ()> + Send + 'static) {
        let precise = Clock::precise();
        let bell = Arc::new(Bell::default());
        let shared = Arc::new(Shared {
            state: AtomicU8::new(PARKED),
            coarse: precise.coarse(),
            precise,
            sweeps: AtomicU64::new(0),
            members: Mutex::default(),
            bell: Arc::clone(&bell),
        });
        let task = Task { shared: Arc::downgrade(&shared), bell };
        (Self { shared }, task.run())
    }

    /// A sweeper whose task is spawned.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn spawn() -> Self {
        let (sweeper, task) = Self::new();
        tokio::spawn(task);
        sweeper
    }

    /// The coarse clock. It stands while no calls are made, and counts only time in which this process was awake.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.coarse.clone()
    }

    /// How many sweeps there were so far; stands while nothing is in flight.
    #[must_use]
    pub fn sweeps(&self) -> u64 {
        self.shared.sweeps.load(Ordering::Relaxed)
    }

    pub(super) fn register(&self, member: Weak<Member>) {
        let mut members = self.shared.lock();
        // Nothing is swept while nothing is in flight, and members may come and go all the same.
        members.retain(|member| member.strong_count() > 0);
        members.push(member);
    }

    #[inline]
    pub(super) fn coarse(&self) -> &Clock {
        &self.shared.coarse
    }

    /// Whether nobody sweeps any more.
    #[inline]
    pub(super) fn is_gone(&self) -> bool {
        self.shared.state.load(Ordering::Relaxed) == GONE
    }

    /// A call begins: the coarse clock is right from here on until the call ends or is watched. A call that is ready
    /// at once takes no slot; were the sweeper not awake all the same, each would have to read the clock.
    #[inline]
    pub(super) fn call_begins(&self) {
        if self.shared.state.load(Ordering::Relaxed) != AWAKE {
            self.shared.unpark();
        }
    }

    /// A slot was taken: the sweeper is awake from here on until it is given back.
    ///
    /// The slot was taken by a sequentially consistent operation. A sweeper that parks says so by another, and then
    /// looks at the slots again; so either it sees the slot, or this sees it parked.
    #[inline]
    pub(super) fn slot_taken(&self) {
        in_one_order();
        if self.shared.state.load(Ordering::SeqCst) == PARKED {
            self.shared.unpark();
        }
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweeper").field("sweeps", &self.sweeps()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Publishes the clock before anybody can see the sweeper awake, so that no call is stamped with the time of the
    /// park's beginning. Without a task, this is all that moves the clock.
    #[cold]
    fn unpark(&self) {
        let members = self.lock();
        let state = self.state.load(Ordering::Relaxed);
        if state != AWAKE {
            self.precise.publish(Instant::now());
        }
        if state == PARKED {
            self.state.store(AWAKE, Ordering::SeqCst);
        }
        drop(members);
        self.bell.ring();
    }

    fn sweep(&self) {
        if self.state.load(Ordering::Relaxed) != AWAKE {
            return;
        }
        self.sweeps.fetch_add(1, Ordering::Relaxed);
        let stalled = self.precise.advance(Instant::now(), TICK);
        if !stalled.is_zero() {
            tracing::debug!(?stalled, "this process stood still; nothing is judged before the next sweep");
            if stalled > LONG_STALL {
                self.members().iter().for_each(|member| member.doubt());
            }
            return;
        }
        let now = self.coarse.now();
        let mut is_idle = true;
        for member in self.members() {
            is_idle &= member.sweep(now);
        }
        if is_idle {
            self.park();
        }
    }

    fn park(&self) {
        let members = self.lock();
        self.state.store(PARKED, Ordering::SeqCst);
        in_one_order();
        drop(members);
        if self.in_flight() {
            self.unpark();
        }
    }

    fn in_flight(&self) -> bool {
        self.members().iter().any(|member| member.in_flight())
    }

    fn members(&self) -> Vec<Arc<Member>> {
        let mut members = self.lock();
        members.retain(|member| member.strong_count() > 0);
        members.iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Member>>> {
        // A list is whole at every step.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.bell.ring();
    }
}

struct Task {
    shared: Weak<Shared>,
    bell: Arc<Bell>,
}

impl Task {
    async fn run(self) {
        while let Some(shared) = self.shared.upgrade() {
            shared.sweep();
            let awake = shared.state.load(Ordering::SeqCst) == AWAKE;
            drop(shared);
            if !awake {
                self.bell.rung().await;
            }
            // A first sweep at once would find nothing, and park again.
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let members = shared.lock();
        shared.state.store(GONE, Ordering::SeqCst);
        in_one_order();
        drop(members);
        for member in shared.members() {
            member.slots().iter().for_each(Slot::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::{Availability, Suspicion};
    use crate::event::Events;

    #[tokio::test(start_paused = true)]
    async fn b42_members_that_came_and_went_while_nothing_was_in_flight_leave_nothing_behind() {
        let sweeper = Sweeper::spawn();
        let availability = Availability::new("eu-west", Events::default());
        let _stays = Member::new(&sweeper, &availability, Suspicion::default());
        for _ in 0..1000 {
            drop(Member::new(&sweeper, &availability, Suspicion::default()));
        }
        assert!(sweeper.shared.lock().len() <= 2);
    }
}
