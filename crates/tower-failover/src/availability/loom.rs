//! Models of what threads may do to one member's cell.

use std::sync::atomic::AtomicUsize;
use std::task::{Context, Wake, Waker};

use ::loom::thread;

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn member() -> Availability {
    Availability::new("eu-west", Events::default())
}

#[test]
fn loom_a_ring_is_heard_however_it_meets_the_listener() {
    ::loom::model(|| {
        let bell = Arc::new(Bell::default());
        let ringing = Arc::clone(&bell);
        let ring = thread::spawn(move || ringing.ring());
        let task = Arc::<Task>::default();
        let waker = Waker::from(Arc::clone(&task));
        let heard = bell.poll_rung(&mut Context::from_waker(&waker));
        ring.join().unwrap();
        assert!(heard.is_ready() || task.0.load(Ordering::SeqCst) > 0);
    });
}

#[test]
fn loom_no_suspicion_is_left_without_a_probe() {
    ::loom::model(|| {
        let availability = member();
        let side = availability.attach_probes(Suspicion::default());
        availability.suspect();
        let mut context = Context::from_waker(Waker::noop());
        while side.bell().poll_rung(&mut context).is_ready() {}
        // The loop has heard of it, and settles it while another call fails.
        let suspecting = availability.clone();
        let suspect = thread::spawn(move || suspecting.suspect());
        side.suspicion_settled(None);
        suspect.join().unwrap();
        assert_eq!(availability.is_suspected(), side.bell().poll_rung(&mut context).is_ready());
        assert_eq!(availability.is_suspected(), availability.troubled_since().is_some());
    });
}

#[test]
fn loom_no_suspicion_outlives_the_last_probe_loop() {
    ::loom::model(|| {
        let availability = member();
        let side = availability.attach_probes(Suspicion::default());
        let suspecting = availability.clone();
        let suspect = thread::spawn(move || suspecting.suspect());
        drop(side);
        suspect.join().unwrap();
        assert!(!availability.is_suspected());
    });
}

#[test]
fn loom_nobody_waits_for_a_connection_whose_keeper_is_gone() {
    ::loom::model(|| {
        let availability = member();
        let watch = availability.watch_connection();
        let wanting = availability.clone();
        let want = thread::spawn(move || wanting.wants_another_connection());
        drop(watch);
        want.join().unwrap();
        assert!(!availability.is_in_doubt());
    });
}

#[test]
fn loom_the_gate_says_what_the_circuit_says() {
    ::loom::model(|| {
        let availability = member();
        let settings = crate::CircuitSettings::default();
        let _circuit = crate::Circuit::new(availability.clone(), settings).unwrap();
        let forcing = availability.clone();
        let force = thread::spawn(move || forcing.signal(Signal::Force { until: None, drill: false }));
        availability.signal(Signal::Close);
        force.join().unwrap();
        let (gate, status) = (availability.gate(), availability.view().circuit);
        assert_eq!((gate.epoch, gate.phase), (status.epoch, status.phase));
        assert_eq!(status.state, CircuitState::Open, "whichever came first");
    });
}
