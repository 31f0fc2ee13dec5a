//! Models of calls that end while their circuit moves.

use std::sync::Arc;

use loom::thread;
use tower_layer::Layer;

use super::shared::{End, Shared};
use super::window::{Counts, Window};
use super::{FailureDetectorLayer, Thresholds};
use crate::availability::{Availability, CircuitState, Epoch, Signal};
use crate::circuit_breaker::{Circuit, CircuitSettings};
use crate::classify::{Kinds, Outcome};
use crate::event::Events;
use crate::local::Local;

const WINDOW: tokio::time::Duration = tokio::time::Duration::from_secs(1000);

/// A member whose circuit opens at so many failures.
fn member(failures: u64) -> (Availability, Local<Shared>) {
    let availability = Availability::new("eu-west", Events::default());
    drop(Circuit::new(availability.clone(), CircuitSettings::default()).unwrap());
    let thresholds = Thresholds::new(failures, 0.0, WINDOW).unwrap();
    let layer = FailureDetectorLayer::new(availability.clone()).thresholds(thresholds);
    (availability, layer.layer(()).shared)
}

/// A call fails. In which epoch it was made.
fn fails(shared: &Shared) -> Epoch {
    let epoch = shared.epoch();
    let end = End { outcome: Outcome::Failure, kinds: Kinds::NONE, causes: Kinds::NONE };
    shared.settle(shared.begin(epoch), end);
    epoch
}

#[test]
fn loom_an_outcome_counts_in_its_own_epoch_alone() {
    loom::model(|| {
        let (availability, shared) = member(100);
        let closing = availability.clone();
        let close = thread::spawn(move || closing.signal(Signal::Close));
        let epoch = fails(&shared);
        close.join().unwrap();
        let counted = u64::from(epoch == availability.gate().epoch);
        assert_eq!(shared.counts(), Counts { successes: 0, failures: counted });
    });
}

#[test]
fn loom_whoever_fails_last_sees_all_that_led_to_it_and_trips_once() {
    loom::model(|| {
        let (availability, shared) = member(2);
        let epoch = availability.gate().epoch;
        let other = shared.clone();
        let other = thread::spawn(move || fails(&other));
        fails(&shared);
        other.join().unwrap();
        assert_eq!(availability.view().circuit.state, CircuitState::Open);
        assert_eq!(availability.gate().epoch, epoch.next());
    });
}

#[test]
fn loom_no_outcome_is_lost_in_a_bucket_that_begins_anew() {
    loom::model(|| {
        let window = Arc::new(Window::new(tokio::time::Duration::from_millis(100)));
        // What stands there is as old as the window.
        window.record(Epoch::default(), 0, false);
        let other = Arc::clone(&window);
        let recording = thread::spawn(move || other.record(Epoch::default(), 105, false));
        window.record(Epoch::default(), 100, false);
        recording.join().unwrap();
        assert_eq!(window.counts(Epoch::default(), 105).failures, 2);
    });
}

#[test]
fn loom_a_late_outcome_of_an_older_epoch_erases_nothing() {
    loom::model(|| {
        let window = Arc::new(Window::new(tokio::time::Duration::from_millis(100)));
        let other = Arc::clone(&window);
        let late = thread::spawn(move || other.record(Epoch::default(), 100, false));
        window.record(Epoch::default().next(), 100, false);
        late.join().unwrap();
        assert_eq!(window.counts(Epoch::default().next(), 100).failures, 1);
    });
}
