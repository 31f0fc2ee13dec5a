//! Models of calls that are admitted while their circuit moves.

use loom::thread;
use tokio::time::Duration;

use super::permit::Permit;
use super::{Circuit, CircuitSettings};
use crate::availability::{Availability, CircuitState, Epoch, OpenReason, Signal};
use crate::event::Events;

fn closed() -> Availability {
    let availability = Availability::new("eu-west", Events::default());
    drop(Circuit::new(availability.clone(), CircuitSettings::default()).unwrap());
    availability
}

/// With one trial call.
fn half_open() -> Availability {
    let availability = Availability::new("eu-west", Events::default());
    let settings = CircuitSettings::default().grace_period(Duration::ZERO).trial_calls(1);
    drop(Circuit::new(availability.clone(), settings).unwrap());
    fails(&availability);
    availability.signal(Signal::Tick);
    assert_eq!(availability.view().circuit.free_trials, 1);
    availability
}

fn fails(availability: &Availability) -> Epoch {
    let epoch = availability.gate().epoch;
    availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    epoch
}

#[test]
fn loom_a_call_is_admitted_before_a_trip_or_not_at_all() {
    loom::model(|| {
        let availability = closed();
        let tripping = availability.clone();
        let trip = thread::spawn(move || fails(&tripping));
        let permit = Permit::ask(&availability);
        let tripped_in = trip.join().unwrap();
        if let Ok(permit) = permit {
            assert!(
                !permit.is_current(&availability),
                "it was given in epoch {tripped_in:?}, and is void by now"
            );
        }
        assert!(Permit::ask(&availability).is_err());
    });
}

#[test]
fn loom_two_trips_of_one_epoch_open_once() {
    loom::model(|| {
        let availability = closed();
        let epoch = availability.gate().epoch;
        let trip = move |availability: &Availability| {
            availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
        };
        let tripping = availability.clone();
        let other = thread::spawn(move || trip(&tripping));
        trip(&availability);
        other.join().unwrap();
        assert_eq!(availability.gate().epoch, epoch.next());
    });
}

#[test]
fn loom_one_trial_is_given_to_one_caller_and_comes_back() {
    loom::model(|| {
        let availability = half_open();
        let asking = availability.clone();
        let other = thread::spawn(move || {
            let permit = Permit::ask(&asking);
            let is_admitted = permit.is_ok();
            // As the service does with a call that is dropped.
            drop(permit.map(Permit::spend));
            is_admitted
        });
        let permit = Permit::ask(&availability);
        let held = permit.is_ok();
        if held {
            assert_eq!(availability.view().circuit.free_trials, 0, "nobody else holds it");
        }
        drop(permit);
        let other = other.join().unwrap();
        assert!(held || other, "somebody had it");
        assert_eq!(availability.view().circuit.free_trials, 1);
    });
}

#[test]
fn loom_a_trial_of_an_older_epoch_frees_nothing_in_a_newer_one() {
    loom::model(|| {
        let availability = half_open();
        let permit = Permit::ask(&availability).unwrap_or_else(|_| panic!("the first one"));
        let failing = availability.clone();
        let moves = thread::spawn(move || {
            let epoch = failing.gate().epoch;
            failing.signal(Signal::Outcome { epoch, success: false });
            failing.signal(Signal::Tick);
            Permit::ask(&failing)
        });
        drop(permit);
        let held = moves.join().unwrap();
        let status = availability.view().circuit;
        assert_eq!((status.state, status.free_trials), (CircuitState::HalfOpen, 0));
        assert!(held.is_ok() && Permit::ask(&availability).is_err(), "one, and no more");
    });
}
