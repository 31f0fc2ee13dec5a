//! A connection that health checks give up for calls: where the server has room for one only, it is worth more to calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use super::Dialled;

/// What was given up longer ago may lead nowhere by now.
const FRESH: Duration = Duration::from_secs(1);

/// # Clone
/// Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Spare(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    given: Notify,
}

#[derive(Default)]
struct State {
    wanted: bool,
    given: Option<Given>,
}

struct Given {
    dialled: Dialled,
    at: Instant,
}

impl Given {
    fn is_good(&self) -> bool {
        self.at.elapsed() < FRESH && !self.dialled.is_over()
    }
}

impl Spare {
    /// Calls have no connection, and no other way to one.
    pub(super) fn want(&self) {
        self.state().wanted = true;
    }

    /// Calls have one. What was given meanwhile is closed.
    pub(super) fn want_no_more(&self) {
        let state = std::mem::take(&mut *self.state());
        drop(state);
    }

    /// Gives a connection up, if it is wanted; else, gives it back.
    pub(super) fn offer(&self, dialled: Dialled) -> Option<Dialled> {
        let mut state = self.state();
        if !state.wanted {
            return Some(dialled);
        }
        state.wanted = false;
        state.given = Some(Given { dialled, at: Instant::now() });
        drop(state);
        self.0.given.notify_one();
        None
    }

    /// What was given up and is not taken yet: calls will run on it.
    pub(super) fn given(&self) -> Option<MultiplexedConnection> {
        let state = self.state();
        let given = state.given.as_ref().filter(|given| given.is_good());
        given.map(|given| given.dialled.connection.clone())
    }

    /// Completes with a connection that was given up.
    ///
    /// # Cancellation
    ///
    /// Safe: what is not taken is there for the next who asks.
    pub(super) async fn take(&self) -> Dialled {
        loop {
            let given = self.state().given.take();
            if let Some(given) = given.filter(Given::is_good) {
                return given.dialled;
            }
            self.0.given.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
