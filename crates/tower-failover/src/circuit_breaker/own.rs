//! Circuits whose state machine is the user's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::Circuit;
use super::machine::CircuitMachine;
use super::settings::CircuitSettings;
use crate::availability::{Availability, CircuitStatus, Epoch, Machine, Signal};
use crate::event::{Event, Events, Name};

impl Circuit {
    /// Puts a state machine of one's own before the member, instead of the one that [`new`](Self::new) puts there. `make`
    /// is given the status of a closed circuit, with the epoch to go on from. A verdict that is already known counts.
    ///
    /// What is refused, announced and chosen follows from what the machine says of itself. If it panics, an event says
    /// so, and one with the default settings takes its place, closed.
    ///
    /// ```
    /// use tower_failover::availability::{CircuitState, CircuitStatus, Epoch, Machine, OpenReason, Phase};
    /// use tower_failover::{Availability, Circuit, Events, Signal};
    /// use tokio::time::{Duration, Instant};
    ///
    /// /// Opens at the first trip, and closes by itself some time later.
    /// struct ClosesAfter(Duration, CircuitStatus);
    ///
    /// impl ClosesAfter {
    ///     fn turn(&mut self, phase: Phase, reason: Option<OpenReason>, now: Instant) {
    ///         let Self(reset_timeout, status) = self;
    ///         let open = phase == Phase::Refuse;
    ///         status.state = if open { CircuitState::Open } else { CircuitState::Closed };
    ///         status.next_change_at = open.then(|| now + *reset_timeout);
    ///         (status.phase, status.reason, status.since) = (phase, reason, now);
    ///         status.epoch = status.epoch.next(); // With every transition.
    ///     }
    /// }
    ///
    /// impl Machine for ClosesAfter {
    ///     fn apply(&mut self, signal: &Signal, _checked: bool, now: Instant) {
    ///         let Self(_, status) = self;
    ///         match *signal {
    ///             Signal::Trip { epoch, reason } if epoch == status.epoch => {
    ///                 self.turn(Phase::Refuse, Some(reason), now);
    ///             }
    ///             Signal::Close => self.turn(Phase::Admit, None, now),
    ///             _ if status.next_change_at.is_some_and(|at| at <= now) => self.turn(Phase::Admit, None, now),
    ///             _ => {}
    ///         }
    ///     }
    ///
    ///     fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
    ///         None
    ///     }
    ///
    ///     fn status(&self) -> &CircuitStatus {
    ///         &self.1
    ///     }
    /// }
    ///
    /// let availability = Availability::new("eu-west", Events::default());
    /// let circuit = Circuit::own(availability.clone(), |status| ClosesAfter(Duration::from_secs(5), status));
    /// let epoch = availability.gate().epoch;
    /// availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    /// assert_eq!(circuit.state(), CircuitState::Open);
    /// ```
    #[must_use]
    pub fn own<M: Machine + 'static>(
        availability: Availability,
        make: impl FnOnce(CircuitStatus) -> M,
    ) -> Self {
        let status =
            CircuitStatus { epoch: availability.gate().epoch, ..CircuitStatus::closed(Instant::now()) };
        let machine = make(status.clone());
        availability.guard(Contained {
            own: machine,
            usual: None,
            status,
            name: availability.name().clone(),
            events: availability.events().clone(),
        });
        Self { availability }
    }
}

/// A machine of the user's, whose panics end in the usual one.
struct Contained<M> {
    /// What a panic leaves broken stays here, where nobody asks it again.
    own: M,
    usual: Option<CircuitMachine>,
    /// What the own one last said of itself.
    status: CircuitStatus,
    name: Name,
    events: Events,
}

impl<M: Machine> Contained<M> {
    fn run<T>(&mut self, now: Instant, run: impl Fn(&mut dyn Machine) -> T) -> T {
        if let Some(usual) = &mut self.usual {
            return run(usual);
        }
        let own = &mut self.own;
        if let Ok((result, status)) = catch_unwind(AssertUnwindSafe(|| (run(own), own.status().clone()))) {
            self.status = status;
            return result;
        }
        // It is told once the lock of the cell is free.
        self.events.enqueue(Event::Panicked { what: format!("circuit of {}", self.name).into() });
        let epoch = self.status.epoch.next();
        run(self.usual.insert(CircuitMachine::new(CircuitSettings::default(), epoch, now)))
    }
}

impl<M: Machine> Machine for Contained<M> {
    fn apply(&mut self, signal: &Signal, checked: bool, now: Instant) {
        self.run(now, |machine| machine.apply(signal, checked, now));
    }

    fn try_trial(&mut self, now: Instant) -> Option<Epoch> {
        self.run(now, |machine| machine.try_trial(now))
    }

    fn status(&self) -> &CircuitStatus {
        self.usual.as_ref().map_or(&self.status, Machine::status)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;
    use crate::availability::{CircuitState, OpenReason};

    /// Panics at the first trip.
    struct Panics(CircuitStatus);

    impl Machine for Panics {
        fn apply(&mut self, signal: &Signal, _checked: bool, _now: Instant) {
            assert!(!matches!(signal, Signal::Trip { .. }), "a machine that is broken");
        }

        fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
            None
        }

        fn status(&self) -> &CircuitStatus {
            &self.0
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b8_a_machine_of_ones_own_that_panics_is_replaced_by_the_usual_one() {
        let events = Events::default();
        let mut told = events.subscribe();
        let availability = Availability::new("eu-west", events);
        let circuit = Circuit::own(availability.clone(), Panics);
        let trip = || {
            let epoch = availability.gate().epoch;
            availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
        };
        trip();
        let panicked = told.next().now_or_never().flatten();
        assert!(
            matches!(&panicked, Some(Event::Panicked { what }) if &**what == "circuit of eu-west"),
            "{panicked:?}"
        );
        assert_eq!(circuit.state(), CircuitState::Closed);
        trip();
        availability.signal(Signal::Tick);
        assert_eq!(circuit.state(), CircuitState::Open, "it does as usual");
    }
}
