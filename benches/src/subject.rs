//! What is measured.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::Duration;
use tower_service::Service;

/// Calls between two looks at the clock, whose price is thus hidden.
const BATCH: u64 = 1000;

type Slice = Pin<Box<dyn Future<Output = Calls> + Send>>;

/// A service whose calls are to be measured, on a task of their own: as in earnest, a pending call gives way to others.
///
/// What is measured is the processor's time that the calling thread spends, with all that runs in between on it: on a
/// machine of one's own it is the time that passes, and on a shared one it is not the time of others.
pub struct Subject {
    /// As it is called in the table.
    pub name: &'static str,
    slice: Box<dyn Fn(Length, Arc<Together>) -> Slice + Send + Sync>,
    counted: Option<Counted>,
}

struct Counted {
    clear: Box<dyn Fn()>,
    count: Box<dyn Fn() -> u64>,
}

/// How long a slice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// About this long.
    Lasting(Duration),
    /// This many calls.
    Calls(u64),
}

/// What a slice came to.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// How many calls there were.
    pub made: u64,
    took: Duration,
}

impl Calls {
    /// Nanoseconds of the processor's time a call; zero if so many calls were asked for.
    #[must_use]
    pub fn nanos(self) -> f64 {
        self.took.as_nanos() as f64 / self.made as f64
    }
}

impl Subject {
    /// Calls clones of this service.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// let service = tower::service_fn(|()| std::future::ready(Ok::<_, ()>(())));
    /// let subject = benches::Subject::new("ready at once", service);
    /// let calls = subject.run(&runtime, benches::Length::Lasting(Duration::from_millis(1)));
    /// assert!(calls.nanos() > 0.0);
    /// ```
    pub fn new<S>(name: &'static str, service: S) -> Self
    where
        S: Service<(), Future: Send> + Clone + Send + Sync + 'static,
    {
        let slice =
            move |length, together| -> Slice { Box::pin(call_for(service.clone(), length, together)) };
        Self { name, slice: Box::new(slice), counted: None }
    }

    /// The service counts its calls: after each slice, `count` must have seen each of them since `clear`.
    #[must_use]
    pub fn counted(self, clear: impl Fn() + 'static, count: impl Fn() -> u64 + 'static) -> Self {
        Self { counted: Some(Counted { clear: Box::new(clear), count: Box::new(count) }), ..self }
    }

    /// One slice on this thread, by this runtime.
    ///
    /// # Panics
    /// If a call does, or if the service counted another number of calls than were made.
    pub fn run(&self, runtime: &Runtime, length: Length) -> Calls {
        self.checked(|| runtime.block_on(spawned((self.slice)(length, Together::new(1)))))
    }

    /// The same with a second thread that calls clones of the service meanwhile; the mean of both threads.
    ///
    /// # Panics
    /// If a call does, or if the service counted another number of calls than were made.
    pub fn run_on_two_threads(&self, runtime: &Runtime, length: Duration) -> Calls {
        self.checked(|| {
            let together = Together::new(2);
            let theirs = (self.slice)(Length::Lasting(length), Arc::clone(&together));
            let (sender, receiver) = oneshot::channel();
            let thread = thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_time().build();
                let calls = runtime.expect("a runtime for the second thread").block_on(spawned(theirs));
                // Nobody waits for it any more if this thread's slice panicked.
                let _ = sender.send(calls);
            });
            let ours = spawned((self.slice)(Length::Lasting(length), together));
            // Not by joining: the service may have tasks on this thread that the other one waits for.
            let (ours, theirs) = runtime.block_on(async { (ours.await, receiver.await) });
            thread.join().expect("the second thread's end");
            let theirs = theirs.expect("the second thread's slice");
            Calls { made: ours.made + theirs.made, took: ours.took + theirs.took }
        })
    }

    fn checked(&self, run: impl FnOnce() -> Calls) -> Calls {
        if let Some(counted) = &self.counted {
            (counted.clear)();
        }
        let calls = run();
        if let Some(counted) = &self.counted {
            assert_eq!((counted.count)(), calls.made, "{} did not count every call", self.name);
        }
        calls
    }
}

/// On a task of its own, as calls in earnest are made.
async fn spawned(slice: Slice) -> Calls {
    tokio::spawn(slice).await.expect("the slice's end")
}

/// Threads that call at the same time: all begin together, and none stops before all have called for long enough.
struct Together {
    begin: Barrier,
    unfinished: AtomicUsize,
}

impl Together {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self { begin: Barrier::new(threads), unfinished: AtomicUsize::new(threads) })
    }
}

async fn call_for<S: Service<()>>(mut service: S, length: Length, together: Arc<Together>) -> Calls {
    together.begin.wait();
    let (lasting, mut left) = match length {
        Length::Lasting(lasting) => (Some((lasting, spent())), u64::MAX),
        // Callgrind cannot run what reads this clock.
        Length::Calls(calls) => (None, calls),
    };
    let (mut made, mut finished) = (0, false);
    while left > 0 {
        if let Some((lasting, start)) = lasting
            && !finished
            && spent() - start >= lasting
        {
            finished = true;
            together.unfinished.fetch_sub(1, Ordering::Relaxed);
        }
        if finished && together.unfinished.load(Ordering::Relaxed) == 0 {
            break;
        }
        let batch = BATCH.min(left);
        for _ in 0..batch {
            // Or else nothing would be left of a service that does nothing at all.
            let service = black_box(&mut service);
            let ready = poll_fn(|context| service.poll_ready(context).map(|ready| ready.is_ok())).await;
            let answered = ready && service.call(()).await.is_ok();
            assert!(answered, "a call failed");
        }
        made += batch;
        left -= batch;
    }
    Calls { made, took: lasting.map_or(Duration::ZERO, |(_, start)| spent() - start) }
}

/// The processor's time that this thread has spent.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).expect("a time that is not negative")
}
