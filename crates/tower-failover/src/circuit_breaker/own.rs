//! Circuits whose state machine is the user's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::Circuit;
use super::machine::CircuitMachine;
use super::settings::CircuitSettings;
use crate::availability::{Availability, CircuitStatus, Epoch, Machine, OpenReason, Signal};
use crate::event::{Event, Events, Name};

impl Circuit {
    /// Puts a state machine of one's own before the member, instead of the one that [`new`](Self::new) puts there. `make`
    /// is given the status of a closed circuit, with the epoch to go on from. A verdict that is already known counts.
    ///
    /// What is refused, announced and chosen follows from what the machine says of itself, from the start on. If it
    /// panics, an event says so, and one with the default settings takes its place: closed, unless it was held open by
    /// hand, which it stays (B11).
    ///
    /// The machine runs under the member's lock: it must neither block nor call back. It is dropped outside of it.
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
        let mut machine = Contained {
            own: make(status.clone()),
            usual: None,
            status,
            held_until: None,
            name: availability.name().clone(),
            events: availability.events().clone(),
        };
        // It may be anything but closed from the start.
        machine.run(Instant::now(), |_| ());
        availability.guard(machine);
        Self { availability }
    }
}

/// A machine of the user's, whose panics end in the usual one.
struct Contained<M> {
    /// What a panic leaves broken stays here, where nobody asks it again.
    own: M,
    usual: Option<CircuitMachine>,
    /// What the own one last said of itself, but for ticks that it wants again and again.
    status: CircuitStatus,
    /// Until when it is held open, if it is.
    held_until: Option<Instant>,
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
            self.held_until = status.next_change_at.filter(|_| status.forced);
            self.status = status;
            return result;
        }
        // It is told once the lock of the cell is free.
        self.events.enqueue(Event::Panicked { what: format!("circuit of {}", self.name).into() });
        run(self.usual.insert(successor(&self.status, self.held_until, now)))
    }
}

impl<M: Machine> Machine for Contained<M> {
    fn apply(&mut self, signal: &Signal, checked: bool, now: Instant) {
        self.run(now, |machine| machine.apply(signal, checked, now));
        // What a tick has not settled would have the driver tick again and again.
        if self.usual.is_none() && matches!(signal, Signal::Tick) {
            self.status.next_change_at = self.status.next_change_at.filter(|due| *due > now);
        }
    }

    fn try_trial(&mut self, now: Instant) -> Option<Epoch> {
        self.run(now, |machine| machine.try_trial(now))
    }

    fn status(&self) -> &CircuitStatus {
        self.usual.as_ref().map_or(&self.status, Machine::status)
    }
}

/// The usual machine, that goes on from there. What a person holds open, it holds open (B11).
fn successor(status: &CircuitStatus, until: Option<Instant>, now: Instant) -> CircuitMachine {
    let mut usual = CircuitMachine::new(CircuitSettings::default(), status.epoch.next(), now);
    if status.forced {
        let drill = status.reason == Some(OpenReason::Drill);
        // Whether checks run matters once it is released; each signal says so again.
        usual.apply(&Signal::Force { until, drill }, false, now);
    }
    usual
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;

    use futures_util::{FutureExt, StreamExt};
    use tokio::time::{Duration, advance};

    use super::*;
    use crate::availability::{CircuitState, Finding, Phase};

    const HOUR: Duration = Duration::from_secs(3600);

    /// Opens by hand, and panics at the first trip.
    struct Panics(CircuitStatus);

    impl Machine for Panics {
        fn apply(&mut self, signal: &Signal, _checked: bool, now: Instant) {
            assert!(!matches!(signal, Signal::Trip { .. }), "a machine that is broken");
            if let Signal::Force { until, drill } = *signal {
                let reason = if drill { OpenReason::Drill } else { OpenReason::Forced };
                self.0 = CircuitStatus { forced: true, next_change_at: until, ..open(&self.0, reason, now) };
            }
        }

        fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
            None
        }

        fn status(&self) -> &CircuitStatus {
            &self.0
        }
    }

    fn open(status: &CircuitStatus, reason: OpenReason, since: Instant) -> CircuitStatus {
        let (state, phase, epoch) = (CircuitState::Open, Phase::Refuse, status.epoch.next());
        CircuitStatus { state, phase, epoch, since, reason: Some(reason), ..status.clone() }
    }

    /// Says of itself what it was made with.
    struct Stands(CircuitStatus);

    impl Machine for Stands {
        fn apply(&mut self, _signal: &Signal, _checked: bool, _now: Instant) {}

        fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
            None
        }

        fn status(&self) -> &CircuitStatus {
            assert_ne!(self.0.free_trials, u32::MAX, "a machine that is broken");
            &self.0
        }
    }

    fn trip(availability: &Availability) {
        let epoch = availability.gate().epoch;
        availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    }

    #[tokio::test(start_paused = true)]
    async fn b11_a_machine_of_ones_own_that_panics_while_it_is_forced_open_stays_so() {
        let availability = Availability::new("eu-west", Events::default());
        let circuit = Circuit::own(availability.clone(), Panics);
        circuit.force_open();
        trip(&availability);
        availability.signal(Signal::Verdict(Finding::healthy()));
        advance(HOUR).await;
        availability.signal(Signal::Tick);
        let status = circuit.status();
        assert_eq!((status.state, status.reason), (CircuitState::Open, Some(OpenReason::Forced)));
        assert!(status.forced);
        circuit.release();
        availability.signal(Signal::Tick);
        assert_ne!(circuit.state(), CircuitState::Open, "its grace period is over");
    }

    #[tokio::test(start_paused = true)]
    async fn b61_a_machine_of_ones_own_that_panics_during_a_drill_stays_open_until_it_ends() {
        let availability = Availability::new("eu-west", Events::default());
        let circuit = Circuit::own(availability.clone(), Panics);
        let end = Instant::now() + HOUR;
        circuit.trip(HOUR);
        advance(HOUR / 2).await;
        trip(&availability);
        let status = circuit.status();
        assert_eq!((status.reason, status.next_change_at), (Some(OpenReason::Drill), Some(end)));
        advance(HOUR / 2).await;
        availability.signal(Signal::Tick);
        assert!(!circuit.status().forced);
    }

    #[tokio::test(start_paused = true)]
    async fn b8_what_a_machine_of_ones_own_says_at_first_is_heard() {
        let availability = Availability::new("eu-west", Events::default());
        let open = |status| Stands(open(&status, OpenReason::HealthCheck, Instant::now()));
        assert_eq!(Circuit::own(availability.clone(), open).state(), CircuitState::Open);
        assert_eq!(availability.gate().phase, Phase::Refuse);

        let mut told = availability.events().subscribe();
        let broken = |status| Stands(CircuitStatus { free_trials: u32::MAX, ..status });
        assert_eq!(Circuit::own(availability, broken).state(), CircuitState::Closed);
        let panicked = told.next().now_or_never().flatten();
        assert!(matches!(panicked, Some(Event::Panicked { .. })), "{panicked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn b8_what_a_tick_leaves_undone_in_a_machine_of_ones_own_wakes_nobody_again() {
        let availability = Availability::new("eu-west", Events::default());
        let due = Instant::now() + HOUR;
        let stands = |status| Stands(CircuitStatus { next_change_at: Some(due), ..status });
        let circuit = Circuit::own(availability.clone(), stands);
        advance(HOUR).await;
        availability.signal(Signal::Release);
        assert_eq!(circuit.status().next_change_at, Some(due), "it has not been told of the time yet");
        availability.signal(Signal::Tick);
        assert_eq!(circuit.status().next_change_at, None);
    }

    #[tokio::test(start_paused = true)]
    async fn b61_a_drill_of_no_length_ends_with_a_machine_of_ones_own_too() {
        for ticks_before in [false, true] {
            let availability = Availability::new("eu-west", Events::default());
            let circuit = Circuit::own(availability.clone(), Panics);
            circuit.trip(Duration::ZERO);
            assert_eq!(circuit.status().next_change_at, Some(Instant::now()), "its end is to be told");
            if ticks_before {
                availability.signal(Signal::Tick);
                assert!(circuit.status().forced, "it does not end it itself");
            }
            trip(&availability);
            availability.signal(Signal::Tick);
            assert!(!circuit.status().forced, "not for ever either, when it panics");
        }
    }

    /// Looks at its member as it goes, and notes whether that could be done.
    struct Looks(CircuitStatus, Availability, Arc<AtomicBool>);

    impl Machine for Looks {
        fn apply(&mut self, _signal: &Signal, _checked: bool, _now: Instant) {}

        fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
            None
        }

        fn status(&self) -> &CircuitStatus {
            &self.0
        }
    }

    impl Drop for Looks {
        fn drop(&mut self) {
            let (sender, seen) = mpsc::channel();
            let availability = self.1.clone();
            // Under the lock, it would look for ever.
            thread::spawn(move || sender.send(availability.view()));
            self.2.store(seen.recv_timeout(Duration::from_secs(5)).is_ok(), Ordering::SeqCst);
        }
    }

    #[test]
    fn b8_a_machine_of_ones_own_that_is_replaced_is_dropped_outside_the_lock() {
        let availability = Availability::new("eu-west", Events::default());
        let has_looked = Arc::new(AtomicBool::new(false));
        let looks = |status| Looks(status, availability.clone(), Arc::clone(&has_looked));
        let _former = Circuit::own(availability.clone(), looks);
        let _circuit = Circuit::new(availability, CircuitSettings::default()).unwrap();
        assert!(has_looked.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn b8_a_machine_of_ones_own_that_panics_is_replaced_by_the_usual_one() {
        let events = Events::default();
        let mut told = events.subscribe();
        let availability = Availability::new("eu-west", events);
        let circuit = Circuit::own(availability.clone(), Panics);
        trip(&availability);
        let panicked = told.next().now_or_never().flatten();
        assert!(
            matches!(&panicked, Some(Event::Panicked { what }) if &**what == "circuit of eu-west"),
            "{panicked:?}"
        );
        assert_eq!(circuit.state(), CircuitState::Closed);
        trip(&availability);
        availability.signal(Signal::Tick);
        assert_eq!(circuit.state(), CircuitState::Open, "it does as usual");
    }
}
