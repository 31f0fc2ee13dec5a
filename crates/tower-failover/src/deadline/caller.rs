//! Whose task a slot wakes.

use std::ptr;
use std::sync::{PoisonError, TryLockError};
use std::task::Waker;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// The task of a slot's call.
///
/// A task that makes one call after the other mostly finds its own waker still there. Knowing it by its address, it
/// leaves it there and needs no atomic exchange; an `AtomicWaker` would take two for every look.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// Held for no longer than a swap takes, and with no foreign code under it.
    waker: Mutex<Option<Waker>>,
    /// By what [`Waker::will_wake`] knows the waker; changed together with it. The slot's holder alone reads them.
    data: AtomicUsize,
    /// 0 if there is no waker.
    vtable: AtomicUsize,
}

impl Caller {
    /// Wakes this waker's task from now on. Never waits: if somebody wakes right now, the task is to look again.
    ///
    /// A waker that is there but is just being taken away need not be noticed: it was taken in order to be woken, so
    /// that the task looks again, after all this is visible to it.
    #[inline]
    pub(super) fn register(&self, waker: &Waker) {
        let vtable = ptr::from_ref(waker.vtable()).addr();
        let is_there = self.vtable.load(Ordering::Relaxed) == vtable
            && self.data.load(Ordering::Relaxed) == waker.data().addr();
        if !is_there {
            self.replace(waker.clone(), vtable);
        }
    }

    fn replace(&self, waker: Waker, vtable: usize) {
        let mut held = match self.waker.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return waker.wake(),
        };
        self.data.store(waker.data().addr(), Ordering::Relaxed);
        self.vtable.store(vtable, Ordering::Relaxed);
        let former = held.replace(waker);
        drop(held);
        drop(former);
    }

    /// Wakes the task, once.
    pub(super) fn wake(&self) {
        let mut held = self.lock();
        self.vtable.store(0, Ordering::Relaxed);
        let waker = held.take();
        drop(held);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        // A waker is there or not, at every step.
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;
    use std::thread;

    use tokio::time::{Duration, Instant};

    use super::*;

    /// Notes that it was woken.
    #[derive(Default)]
    struct Task(AtomicBool);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    impl Task {
        fn was_woken(&self) -> bool {
            self.0.swap(false, Ordering::Acquire)
        }
    }

    #[test]
    fn the_last_one_registered_is_woken_once() {
        let (caller, first, second) = (Caller::default(), Arc::<Task>::default(), Arc::<Task>::default());
        caller.wake();
        caller.register(&Arc::clone(&first).into());
        caller.register(&Arc::clone(&second).into());
        assert_eq!(Arc::strong_count(&first), 1, "its waker is gone");
        caller.wake();
        caller.wake();
        assert!(!first.was_woken() && second.was_woken());
        assert_eq!(Arc::strong_count(&second), 1);
    }

    #[test]
    fn a_task_that_is_still_there_is_left_there_and_comes_back_after_a_wake() {
        let (caller, task) = (Caller::default(), Arc::<Task>::default());
        for _ in 0..3 {
            caller.register(&Arc::clone(&task).into());
            caller.register(&Arc::clone(&task).into());
            assert_eq!(Arc::strong_count(&task), 2, "one waker");
            caller.wake();
            assert!(task.was_woken());
        }
    }

    #[test]
    fn no_wake_up_is_lost_however_looks_and_wakes_meet() {
        const ROUNDS: usize = 20_000;
        let (caller, task) = (Caller::default(), Arc::<Task>::default());
        let start = Instant::now();
        let wait_a_little = || {
            assert!(start.elapsed() < Duration::from_secs(30), "a wake-up was lost");
            thread::yield_now();
        };
        // What the task waits for: a round begun by the one is ended by the other.
        let begun = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    begun.store(round, Ordering::Release);
                    caller.wake();
                    while begun.load(Ordering::Acquire) == round {
                        wait_a_little();
                    }
                }
            });
            let waker = Arc::clone(&task).into();
            for _ in 0..ROUNDS {
                loop {
                    caller.register(&waker);
                    if begun.load(Ordering::Acquire) != 0 {
                        break;
                    }
                    while !task.was_woken() {
                        wait_a_little();
                    }
                }
                begun.store(0, Ordering::Release);
            }
        });
    }
}
