//! Atomics and locks: std's and futures', or loom's where its models are checked (`--cfg failover_loom`).

#[cfg(not(all(test, failover_loom)))]
pub(crate) use futures_util::task::AtomicWaker;
#[cfg(all(test, failover_loom))]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(all(test, failover_loom)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(all(test, failover_loom))]
pub(crate) use modelled::AtomicWaker;

/// Nothing; but loom takes sequentially consistent operations for acquiring and releasing ones, and where code relies on
/// the one order of all of them, this tells it so.
#[inline(always)]
pub(crate) fn in_one_order() {
    #[cfg(all(test, failover_loom))]
    atomic::fence(atomic::Ordering::SeqCst);
}

#[cfg(all(test, failover_loom))]
mod modelled {
    use std::task::Waker;

    use super::Mutex;

    /// What the real one promises, by means that loom sees through.
    #[derive(Debug, Default)]
    pub(crate) struct AtomicWaker(Mutex<Option<Waker>>);

    impl AtomicWaker {
        pub(crate) fn register(&self, waker: &Waker) {
            *self.0.lock().unwrap() = Some(waker.clone());
        }

        pub(crate) fn wake(&self) {
            let waker = self.0.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
