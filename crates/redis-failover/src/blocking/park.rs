//! A thread that waits for a future.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::Instant;

/// Wakes one thread, and remembers that it did.
struct Signal {
    thread: Thread,
    given: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.given.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

thread_local! {
    /// This thread's signal, while it waits for nothing. A wait within another one has a signal of its own, so that it
    /// does not take what was meant for the other.
    static SIGNAL: Cell<Option<Arc<Signal>>> = const { Cell::new(None) };
}

/// The time was up before the future was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Elapsed;

/// Runs a future on this thread until it is done.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let Ok(done) = drive(future, || {
        thread::park();
        Ok::<_, Infallible>(())
    });
    done
}

/// As [`block_on`], until a point in time if there is one. The future is polled once at least.
pub(super) fn block_on_until<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let Some(deadline) = deadline else { return Ok(block_on(future)) };
    drive(future, || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Elapsed);
        }
        thread::park_timeout(left);
        Ok(())
    })
}

/// As [`block_on_until`]. A limit beyond the end of time is none.
pub(super) fn block_on_for<T>(
    limit: Option<Duration>,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    block_on_until(limit.and_then(|limit| Instant::now().checked_add(limit)), future)
}

/// `sleep` may return at any time, or end the wait.
fn drive<T, E>(future: impl Future<Output = T>, mut sleep: impl FnMut() -> Result<(), E>) -> Result<T, E> {
    let new = || Arc::new(Signal { thread: thread::current(), given: AtomicBool::new(false) });
    let signal = SIGNAL.take().unwrap_or_else(new);
    let waker = Waker::from(Arc::clone(&signal));
    // On a runtime's thread this runs within a task that may have had its turn already. Without this, tokio would keep
    // the reply back until that task yields, which it cannot.
    let mut future = pin!(unconstrained(future));
    let done = 'done: loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            break Ok(done);
        }
        while !signal.given.swap(false, Ordering::Acquire) {
            if let Err(end) = sleep() {
                break 'done Err(end);
            }
        }
    };
    SIGNAL.set(Some(signal));
    done
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};
    use std::pin::Pin;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_thread_sleeps_until_another_one_wakes_it() {
        let (sender, mut receiver) = oneshot::channel();
        let (waits, is_waited_for) = std::sync::mpsc::channel();
        let other = thread::spawn(move || {
            is_waited_for.recv().unwrap();
            sender.send(7).unwrap();
        });
        let received = block_on(poll_fn(|context| {
            let received = Pin::new(&mut receiver).poll(context);
            if received.is_pending() {
                waits.send(()).unwrap();
            }
            received
        }));
        assert_eq!(received, Ok(7));
        other.join().unwrap();
    }

    #[test]
    fn a_wake_up_that_comes_while_the_future_is_polled_is_not_lost() {
        let mut polled = 0;
        block_on(poll_fn(|context| {
            polled += 1;
            context.waker().wake_by_ref();
            if polled < 3 { Poll::Pending } else { Poll::Ready(()) }
        }));
        assert_eq!(polled, 3);
    }

    #[test]
    fn b54_a_wait_within_a_wait_takes_nothing_from_it() {
        let mut polled = 0;
        let waited = block_on_for(
            Some(Duration::from_secs(20)),
            poll_fn(|context| {
                polled += 1;
                if polled == 2 {
                    return Poll::Ready(());
                }
                // The only wake-up, before a wait that ends with many.
                context.waker().wake_by_ref();
                for _ in 0..3 {
                    let (sender, receiver) = oneshot::channel();
                    thread::spawn(move || sender.send(()).unwrap());
                    block_on(receiver).unwrap();
                }
                Poll::Pending
            }),
        );
        assert_eq!(waited, Ok(()));
    }

    #[test]
    fn a_limit_ends_the_wait_and_not_what_is_done_already() {
        assert_eq!(block_on_for(Some(Duration::ZERO), ready(1)), Ok(1));
        assert_eq!(block_on_for(Some(Duration::ZERO), pending::<()>()), Err(Elapsed));
        assert_eq!(block_on_for(Some(Duration::from_millis(2)), pending::<()>()), Err(Elapsed));
        assert_eq!(block_on_for(Some(Duration::MAX), ready(1)), Ok(1));
        assert_eq!(block_on_for(None, ready(1)), Ok(1));
    }

    #[test]
    fn b54_a_task_that_blocks_may_wait_more_often_than_tokio_gives_it_turns() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            for number in 0..1000 {
                sender.send(number).unwrap();
                assert_eq!(block_on_for(Some(Duration::from_secs(20)), receiver.recv()), Ok(Some(number)));
            }
        });
    }
}
