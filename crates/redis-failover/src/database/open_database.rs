//! One database in use.

use std::any::Any;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tower_failover::deadline::CallsInFlight;
use tower_failover::failure_detector::Detectors;
use tower_failover::health::HealthWatch;
use tower_failover::{Availability, Circuit, Name};

use super::Beside;
use super::health::Health;
use crate::connection::{Connected, Connections, Dedicated};
use crate::pubsub::Source;

/// What belongs to a database beside its stack. Its tasks and connections end when this is dropped.
pub(crate) struct OpenDatabase {
    pub(super) health: Health,
    pub(super) watch: Option<HealthWatch>,
    pub(super) ground: Box<dyn Any + Send>,
    pub(super) circuit: Circuit,
    pub(super) detectors: Detectors,
    pub(super) calls: Option<CallsInFlight>,
    pub(super) longest_call: Duration,
    /// For transactions.
    pub(crate) dedicated: Option<Dedicated>,
    pub(crate) beside: Beside,
    /// For the tasks of subscribers, which are theirs; `None` where nobody can subscribe.
    pub(crate) source: Option<Source>,
    pub(super) connected: Option<Connected>,
}

/// How long calls in flight may take at least when their database is removed.
const LEAVE: Duration = Duration::from_secs(5);

/// How often they are looked at: who waits for them is nobody's call.
const LOOK: Duration = Duration::from_millis(5);

impl OpenDatabase {
    pub(crate) fn name(&self) -> &Name {
        self.availability().name()
    }

    pub(crate) fn availability(&self) -> &Availability {
        self.circuit.availability()
    }

    pub(crate) fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    pub(crate) fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn connections(&self) -> Connections {
        let (dedicated_in_use, dedicated_idle) =
            self.dedicated.as_ref().map(Dedicated::counts).unwrap_or_default();
        Connections {
            commands: self.connected.as_ref().map(Connected::now),
            dedicated_in_use,
            dedicated_idle,
            subscribers: self.source.as_ref().map_or(0, Source::subscribers),
        }
    }

    /// Other health checks take over; gives those of before, to be dropped outside every lock.
    pub(crate) fn check_by(&mut self, watch: Option<HealthWatch>) -> Option<HealthWatch> {
        std::mem::replace(&mut self.watch, watch)
    }

    /// Ends it once its calls in flight have ended, or after some seconds, with those that have not.
    pub(crate) async fn leave(self) {
        let Self { watch, ground, calls, dedicated, longest_call, .. } = self;
        // Nobody is to be told how a database is that has left.
        drop(watch);
        let ended = async {
            let is_leased = || dedicated.as_ref().is_some_and(Dedicated::is_leased);
            while is_leased() || calls.as_ref().is_some_and(CallsInFlight::any) {
                sleep(LOOK).await;
            }
        };
        // What has not ended by then ends with its connection.
        let _ = timeout(longest_call.max(LEAVE), ended).await;
        drop(ground);
    }
}
