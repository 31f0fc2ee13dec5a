//! Who is told what happens to a client, and for how long.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tower_failover::event::{Listener, Listening};
use tower_failover::{Event, Events};

use super::MultiDbClient;

impl MultiDbClient {
    /// Calls this with each event from now on, until the client ends. As
    /// [`MultiDbConfig::listener`](crate::MultiDbConfig::listener), which hears the events of the start too; so does
    /// one that is added before the client has started.
    pub fn add_listener(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.listen(Listener::new(listener));
    }

    /// As [`add_listener`](Self::add_listener), with code that returns a future and must not block.
    pub fn add_async_listener<F, Fut>(&self, listener: F)
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.listen(Listener::asynchronous(listener));
    }

    pub(crate) fn listen(&self, listener: Listener) {
        self.shared.listeners.add(listener, self.event_source());
    }
}

/// A client's listeners. They end when it is closed or dropped, once they have heard what was emitted before.
pub(super) struct Listeners(Mutex<State>);

enum State {
    /// There is nothing to hear before the client starts, and no runtime to hear it on.
    NotYet(Vec<Listener>),
    Listening {
        runtime: Handle,
        listening: Vec<Listening>,
    },
    Ended,
}

impl Listeners {
    pub(super) fn new(listeners: Vec<Listener>) -> Self {
        Self(Mutex::new(State::NotYet(listeners)))
    }

    /// From now on they are called, on this runtime; they are that already if the client tried to start before.
    pub(super) fn start(&self, runtime: &Handle, events: &Events) {
        let mut state = self.state();
        if let State::NotYet(listeners) = &mut *state {
            let _within = runtime.enter();
            let listening = std::mem::take(listeners).into_iter().map(|listener| events.listen(listener));
            *state = State::Listening { runtime: runtime.clone(), listening: listening.collect() };
        }
    }

    fn add(&self, listener: Listener, events: &Events) {
        match &mut *self.state() {
            State::NotYet(listeners) => listeners.push(listener),
            State::Listening { runtime, listening } => {
                let _within = runtime.enter();
                listening.push(events.listen(listener));
            }
            // There is nothing more to hear.
            State::Ended => {}
        }
    }

    pub(super) fn end(&self) {
        let former = std::mem::replace(&mut *self.state(), State::Ended);
        // What a listener captured is foreign code: outside the lock.
        drop(former);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Only whole values are written under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
