//! Whether the server runs, is frozen or dead; the part of it that sessions wait on.

use std::{io, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

#[derive(Debug, Clone, Copy)]
struct State {
    up: bool,
    frozen: bool,
    /// Nothing is done until then.
    stalled_until: Option<Instant>,
    /// Counts kills: a session of an earlier run must end.
    run: u64,
}

/// Starts, freezes and kills.
#[derive(Debug)]
pub(super) struct Life(watch::Sender<State>);

impl Life {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State { up: true, frozen: false, stalled_until: None, run: 0 }))
    }

    pub(super) fn freeze(&self) {
        self.0.send_modify(|state| state.frozen = state.up);
    }

    pub(super) fn thaw(&self) {
        self.0.send_modify(|state| state.frozen = false);
    }

    pub(super) fn stall(&self, duration: Duration) {
        self.0.send_modify(|state| state.stalled_until = Instant::now().checked_add(duration));
    }

    pub(super) fn kill(&self) {
        self.0.send_modify(|state| {
            *state = State { up: false, frozen: false, stalled_until: None, run: state.run + 1 };
        });
    }

    pub(super) fn start(&self) {
        self.0.send_modify(|state| state.up = true);
    }

    pub(super) fn is_up(&self) -> bool {
        self.0.borrow().up
    }

    /// Follows the present run of the server.
    pub(super) fn follow(&self) -> Pulse {
        let state = self.0.subscribe();
        let run = state.borrow().run;
        Pulse { state, run }
    }
}

/// One run of the server, from a start to a kill.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    state: watch::Receiver<State>,
    run: u64,
}

impl Pulse {
    /// Waits while the server is frozen or stalled.
    pub(super) async fn running(&mut self) {
        loop {
            // Fails only without a server, and then nobody is left to ask.
            let Ok(state) = self.state.wait_for(|state| !state.frozen).await.map(|state| *state) else {
                return;
            };
            match state.stalled_until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => return,
            }
        }
    }

    /// Waits for the end of this run.
    pub(super) async fn killed(&mut self) -> io::Error {
        let run = self.run;
        let _ = self.state.wait_for(|state| !state.up || state.run != run).await;
        io::Error::new(io::ErrorKind::ConnectionReset, "the embedded server was killed")
    }
}
