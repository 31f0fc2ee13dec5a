//! What is measured.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::thread;

use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};
use tower_service::Service;

/// Calls between two looks at the clock, whose price is thus hidden.
const BATCH: u64 = 500;

type Slice = Pin<Box<dyn Future<Output = Calls> + Send>>;

/// A service whose calls are to be timed, on a task of their own: as in earnest, a pending call gives way to others.
pub struct Subject {
    /// As it is called in the table.
    pub name: &'static str,
    slice: Box<dyn Fn(Duration) -> Slice + Send + Sync>,
    counted: Option<Counted>,
}

struct Counted {
    clear: Box<dyn Fn()>,
    count: Box<dyn Fn() -> u64>,
}

/// What a slice came to.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    made: u64,
    took: Duration,
}

impl Calls {
    /// Nanoseconds a call.
    #[must_use]
    pub fn nanos(self) -> f64 {
        self.took.as_nanos() as f64 / self.made as f64
    }
}

impl Subject {
    /// Calls clones of this service.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::time::Duration;
    ///
    /// let service = tower::service_fn(|()| std::future::ready(Ok::<_, ()>(())));
    /// let calls = benches::Subject::new("ready at once", service).run(Duration::from_millis(1)).await;
    /// assert!(calls.nanos() > 0.0);
    /// # }
    /// ```
    pub fn new<S>(name: &'static str, service: S) -> Self
    where
        S: Service<(), Future: Send> + Clone + Send + Sync + 'static,
    {
        let slice = move |length| -> Slice { Box::pin(call_for(service.clone(), length)) };
        Self { name, slice: Box::new(slice), counted: None }
    }

    /// The service counts its calls: after each slice on one thread, `count` must have seen each of them since
    /// `clear`.
    #[must_use]
    pub fn counted(self, clear: impl Fn() + 'static, count: impl Fn() -> u64 + 'static) -> Self {
        Self { counted: Some(Counted { clear: Box::new(clear), count: Box::new(count) }), ..self }
    }

    /// One slice of about this length on this thread's runtime.
    ///
    /// # Panics
    /// If the service counted another number of calls than were made.
    pub async fn run(&self, length: Duration) -> Calls {
        if let Some(counted) = &self.counted {
            (counted.clear)();
        }
        let calls = spawned((self.slice)(length)).await;
        if let Some(counted) = &self.counted {
            assert_eq!((counted.count)(), calls.made, "{} did not count every call", self.name);
        }
        calls
    }

    /// The same with a second thread that calls clones of the service meanwhile; the mean of both threads.
    ///
    /// # Panics
    /// If a call does.
    pub async fn run_on_two_threads(&self, length: Duration) -> Calls {
        let theirs = (self.slice)(length);
        let (sender, receiver) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_time().build();
            let calls = runtime.expect("a runtime for the second thread").block_on(spawned(theirs));
            // Nobody waits for it any more if this thread's slice panicked.
            let _ = sender.send(calls);
        });
        let ours = spawned((self.slice)(length)).await;
        // Not by joining: the service may have tasks on this thread that the other one waits for.
        let theirs = receiver.await.expect("the second thread's slice");
        thread.join().expect("the second thread's end");
        Calls { made: ours.made + theirs.made, took: ours.took + theirs.took }
    }
}

/// On a task of its own, as calls in earnest are made.
async fn spawned(slice: Slice) -> Calls {
    tokio::spawn(slice).await.expect("the slice's end")
}

async fn call_for<S: Service<()>>(mut service: S, length: Duration) -> Calls {
    let start = Instant::now();
    let mut made = 0;
    while start.elapsed() < length {
        for _ in 0..BATCH {
            let ready = poll_fn(|context| service.poll_ready(context)).await.is_ok();
            let answered = ready && service.call(()).await.is_ok();
            assert!(answered, "a call failed");
        }
        made += BATCH;
    }
    Calls { made, took: start.elapsed() }
}
