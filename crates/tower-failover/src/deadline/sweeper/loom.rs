//! Models of calls that begin, wait and end while the sweeper sweeps, parks and goes.
//!
//! Left out: a sweep that expires a slot while it is given back and taken again. Loom lets the sweep's exchange read what
//! a plain store has replaced, and then takes what it wrote for the newer of both, which no machine may.

use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Wake, Waker};

use ::loom::thread;

use super::super::member::Lease;
use super::super::slots::Slots;
use super::super::timeout::Patience;
use super::*;
use crate::availability::{Availability, Interrupt, Suspicion};
use crate::event::Events;

const PATIENT: Patience = Patience { limit: None, exempt: false };

/// Notes that it was woken.
#[derive(Default)]
struct Noted(AtomicBool);

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn noted() -> (Arc<Noted>, Waker) {
    let noted = Arc::<Noted>::default();
    (Arc::clone(&noted), Waker::from(noted))
}

fn member(sweeper: &Sweeper) -> Arc<Member> {
    Member::new(sweeper, &Availability::new("eu-west", Events::default()), Suspicion::default())
}

/// Three switches of threads against their will find what there is to find here, and all of them take hours.
fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = ::loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // Threads of a model share their operating system's.
        Slots::forget_hint();
        body();
    });
}

#[test]
fn loom_a_sweeper_that_parks_sees_the_call_or_the_call_sees_it_parked() {
    model(|| {
        let (sweeper, _task) = Sweeper::new();
        let member = member(&sweeper);
        sweeper.shared.unpark();
        let parking = sweeper.clone();
        let park = thread::spawn(move || parking.shared.park());
        let _slot = member.slots().take();
        sweeper.slot_taken();
        park.join().unwrap();
        assert_eq!(sweeper.shared.state.load(Ordering::SeqCst), AWAKE);
    });
}

#[test]
fn loom_a_call_that_waits_when_its_sweeper_goes_is_woken() {
    model(|| {
        let (sweeper, task) = Sweeper::new();
        let member = member(&sweeper);
        sweeper.shared.unpark();
        let goes = thread::spawn(move || drop(task));
        let (noted, waker) = noted();
        let mut lease = Lease::new(Arc::clone(&member));
        let looked = lease.poll_expired(|| PATIENT, &mut Context::from_waker(&waker));
        goes.join().unwrap();
        let waits = matches!(looked, Ok(Poll::Pending));
        assert!(!waits || noted.0.load(Ordering::SeqCst), "nobody would ever end it");
    });
}

#[test]
fn loom_a_call_whose_time_comes_while_it_looks_is_woken_or_sees_it() {
    model(|| {
        let slots = Arc::new(Slots::new());
        let (index, slot) = slots.take().unwrap();
        slot.begin(5, 10);
        let sweeping = Arc::clone(&slots);
        let sweep = thread::spawn(move || sweeping.get(index).expire(10));
        let (noted, waker) = noted();
        slots.get(index).register(&waker);
        let expired = slots.get(index).is_expired();
        sweep.join().unwrap();
        assert!(expired || noted.0.load(Ordering::SeqCst));
        assert!(slots.get(index).is_expired());
    });
}

#[test]
fn loom_a_slot_has_one_holder_also_when_there_must_be_more_of_them() {
    model(|| {
        let slots = Arc::new(Slots::new());
        let other = Arc::clone(&slots);
        let other = thread::spawn(move || other.take().unwrap().0);
        let mine = slots.take().unwrap().0;
        let other = other.join().unwrap();
        assert_ne!(mine, other);
        assert!(slots.any_in_use());
        slots.release(mine);
        slots.release(other);
        assert!(!slots.any_in_use());
    });
}

#[test]
fn loom_an_interrupt_wakes_whoever_did_not_see_what_it_is_for() {
    model(|| {
        let (sweeper, _task) = Sweeper::new();
        let member = member(&sweeper);
        let moved = Arc::new(crate::sync::atomic::AtomicBool::new(false));
        let (noted, waker) = noted();
        let mut lease = Lease::new(Arc::clone(&member));
        let mut context = Context::from_waker(&waker);
        assert!(matches!(lease.poll_expired(|| PATIENT, &mut context), Ok(Poll::Pending)));
        let (interrupting, moving) = (Arc::clone(&member), Arc::clone(&moved));
        let interrupt = thread::spawn(move || {
            moving.store(true, Ordering::Release);
            interrupting.wake_all();
        });
        assert!(matches!(lease.poll_expired(|| PATIENT, &mut context), Ok(Poll::Pending)));
        let seen = moved.load(Ordering::Acquire);
        interrupt.join().unwrap();
        assert!(seen || noted.0.load(Ordering::SeqCst));
    });
}
