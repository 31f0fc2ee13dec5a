//! A connection that health checks give up for calls: where the server has room for one only, it is worth more to calls.

use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;

use super::Dialled;

/// Where it is handed over. It is given to those who wait for it, and to nobody else, so that it never lies about.
#[derive(Default)]
pub(super) struct Spare {
    state: Mutex<State>,
    given: Notify,
}

#[derive(Default)]
enum State {
    #[default]
    Unwanted,
    /// Calls have no connection, and no other way to one.
    Wanted,
    Given(Dialled),
}

impl Spare {
    /// Gives a connection up, if it is wanted; else, gives it back.
    pub(super) fn offer(&self, dialled: Dialled) -> Option<Dialled> {
        let mut state = self.state();
        if !matches!(*state, State::Wanted) {
            return Some(dialled);
        }
        *state = State::Given(dialled);
        drop(state);
        self.given.notify_one();
        None
    }

    /// What was given up and is not taken yet: calls will run on it at once.
    pub(super) fn given(&self) -> Option<MultiplexedConnection> {
        match &*self.state() {
            State::Given(dialled) => Some(dialled.connection.clone()),
            State::Unwanted | State::Wanted => None,
        }
    }

    /// Completes with a connection that was given up. There is to be one who waits for it.
    ///
    /// # Cancellation
    ///
    /// Safe: it is not wanted any more then, and what was given meanwhile is closed.
    pub(super) async fn take(&self) -> Dialled {
        *self.state() = State::Wanted;
        let _wanted = Wanted(self);
        loop {
            self.given.notified().await;
            // What rang may have been for one who waited before.
            let mut state = self.state();
            match take(&mut *state) {
                State::Given(dialled) => return dialled,
                State::Unwanted | State::Wanted => *state = State::Wanted,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Only whole values are written under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For as long as somebody waits.
struct Wanted<'a>(&'a Spare);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let state = take(&mut *self.0.state());
        drop(state);
    }
}
