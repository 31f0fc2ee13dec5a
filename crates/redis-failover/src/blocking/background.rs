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
    runtime: OnceLock<Handle>,
    /// Held by the one call that starts it.
    starting: Mutex<()>,
    life: Arc<Life>,
    /// With a receiver for each listener.
    listeners: watch::Sender<()>,
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
            runtime: OnceLock::new(),
            starting: Mutex::new(()),
            life: Arc::default(),
            listeners: watch::Sender::new(()),
        }
    }

    /// Runs a future on the calling thread, and what it spawns, and waits for, in the background.
    pub(super) fn run<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        may_wait()?;
        let _call = self.life.enter()?;
        let _context = self.runtime()?.enter();
        park::block_on(future)
    }

    /// Admits no more calls; the thread ends after the last of those that run.
    pub(super) fn close(&self) {
        self.life.close();
    }

    /// A listener for which the thread is kept until it has heard the last.
    pub(super) fn listener(&self, listener: Listener) -> Listener {
        listener.keeping(self.listeners.subscribe())
    }

    fn runtime(&self) -> Result<&Handle, Error> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        // Nothing is left broken under it.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have been the first.
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let started = self.start().map_err(|error| Error::NoThread(Arc::new(error)))?;
        Ok(self.runtime.get_or_init(|| started))
    }

    fn start(&self) -> io::Result<Handle> {
        let (life, listeners) = (Arc::clone(&self.life), self.listeners.clone());
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
                life.over.notified().await;
                // Listeners still hear what was emitted before.
                let _ = timeout(LAST_CALLS, listeners.closed()).await;
            });
            // A name that is being looked up need not be waited for.
            runtime.shutdown_background();
        })?;
        started.recv().map_err(io::Error::other)?
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.close();
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
        f.debug_struct("Background").field("started", &self.runtime.get().is_some()).finish_non_exhaustive()
    }
}
