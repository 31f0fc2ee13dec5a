//! The thread on which connections, health checks and the choice of a database run while nobody calls.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::{fmt, io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, timeout};

use tower_failover::event::Listener;

use super::park;
use crate::error::Error;

const NAME: &str = "redis-failover";

/// A little more than a listener may take for what it has not heard yet.
const LAST_CALLS: Duration = Listener::LAST_CALLS.saturating_add(Duration::from_secs(1));

thread_local! {
    /// Whether this thread is the one behind a client.
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// A wait on the thread that everybody waits for would never end.
pub(super) fn may_wait() -> Result<(), Error> {
    if IS_BACKGROUND.get() { Err(Error::WouldDeadlock) } else { Ok(()) }
}

/// The thread behind a client and its clones, once there is one. It ends when this is dropped, on whichever thread that
/// happens: it is the background's own thread that drops the runtime.
pub(super) struct Background {
    running: OnceLock<Running>,
    /// Held by the one call that starts it.
    starting: Mutex<()>,
    closed: watch::Sender<bool>,
    /// With a receiver for each listener.
    listeners: watch::Sender<()>,
}

struct Running {
    runtime: Handle,
    life: Arc<Life>,
}

/// What keeps the thread.
#[derive(Default)]
struct Life {
    calls: AtomicUsize,
    closed: AtomicBool,
    over: Notify,
}

impl Background {
    pub(super) fn new() -> Self {
        Self {
            running: OnceLock::new(),
            starting: Mutex::new(()),
            closed: watch::Sender::new(false),
            listeners: watch::Sender::new(()),
        }
    }

    /// Runs a future on the calling thread, and what it spawns, and waits for, in the background.
    pub(super) fn run<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        may_wait()?;
        let running = self.running()?;
        let _call = running.life.enter()?;
        let _context = running.runtime.enter();
        park::block_on(future)
    }

    /// Admits no more calls; the thread ends after the last of those that run.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        if let Some(running) = self.running.get() {
            running.life.close();
        }
    }

    /// Tells of the end.
    pub(super) fn closed(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// A listener for which the thread is kept until it has heard the last.
    pub(super) fn listener(&self, listener: Listener) -> Listener {
        listener.keeping(self.listeners.subscribe())
    }

    fn running(&self) -> Result<&Running, Error> {
        if let Some(running) = self.running.get() {
            return Ok(running);
        }
        // Nothing is left broken under it.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have been the first.
        if let Some(running) = self.running.get() {
            return Ok(running);
        }
        let started =
            Running::start(self.listeners.clone()).map_err(|error| Error::NoThread(Arc::new(error)))?;
        let running = self.running.get_or_init(|| started);
        if *self.closed.borrow() {
            running.life.close();
        }
        Ok(running)
    }
}

impl Running {
    fn start(listeners: watch::Sender<()>) -> io::Result<Self> {
        let life = Arc::new(Life::default());
        let end = Arc::clone(&life);
        let (sender, started) = mpsc::channel();
        // The runtime begins and ends on its own thread: on others its end may have to wait, or panic.
        thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            IS_BACKGROUND.set(true);
            let runtime = match Builder::new_current_thread().enable_all().thread_name(NAME).build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(error))),
            };
            // Whoever starts it waits for this.
            let _ = sender.send(Ok(runtime.handle().clone()));
            runtime.block_on(async {
                end.over.notified().await;
                // Listeners still hear what was emitted before.
                let _ = timeout(LAST_CALLS, listeners.closed()).await;
            });
            // A name that is being looked up need not be waited for.
            runtime.shutdown_background();
        })?;
        let runtime = started.recv().map_err(io::Error::other)??;
        Ok(Self { runtime, life })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.life.close();
    }
}

impl Life {
    /// As long as a call runs, so does what it needs: a timer of a runtime that is gone panics.
    fn enter(&self) -> Result<Call<'_>, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let call = Call(self);
        // Looked at after the count went up: the end either waits for this call or is seen by it.
        if self.closed.load(Ordering::SeqCst) { Err(Error::Closed) } else { Ok(call) }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if self.calls.load(Ordering::SeqCst) == 0 {
            self.over.notify_one();
        }
    }
}

struct Call<'a>(&'a Life);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.closed.load(Ordering::SeqCst) {
            self.0.over.notify_one();
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("started", &self.running.get().is_some()).finish_non_exhaustive()
    }
}
