//! Who is told of a member, and in which words.

use std::sync::atomic::AtomicUsize;

use futures_util::FutureExt;
use tokio::time::Duration;

use super::*;

fn member() -> Availability {
    Availability::new("eu-west", Events::default())
}

#[test]
fn everybody_who_listens_hears_of_a_change() {
    let availability = member();
    let mut listeners = [(); 3].map(|()| availability.changes());
    availability.signal(Signal::Verdict(Finding::healthy()));
    assert!(listeners.iter_mut().all(|listener| listener.next().now_or_never().is_some()));
}

/// Calls in flight that count how often they were woken.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Interrupt for Calls {
    fn wake_all(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn b35_an_interrupt_wakes_all_calls_that_are_there_and_those_that_went_leave_nothing_behind() {
    let availability = member();
    let calls = [(); 3].map(|()| Arc::<Calls>::default());
    let register = |calls: &Arc<Calls>| {
        let weak = Arc::downgrade(calls);
        availability.on_interrupt(weak);
    };
    calls.iter().for_each(register);
    (0..1000).for_each(|_| register(&Arc::default()));
    availability.interrupt();
    assert!(calls.iter().all(|calls| calls.0.load(Ordering::Relaxed) == 1));
    assert!(availability.lock().interrupts.len() <= calls.len() + 1);
}

#[test]
fn b51_an_open_connection_is_counted_as_long_as_it_lives() {
    let availability = member();
    let connections = [(); 2].map(|()| availability.connections().opened());
    assert_eq!(availability.connections().count(), 2);
    drop(connections);
    assert_eq!(availability.connections().count(), 0);
}

#[test]
fn outcomes_are_wanted_only_where_something_waits_for_them() {
    let wanted = [Phase::Admit, Phase::Watch, Phase::Trial, Phase::Refuse]
        .map(|phase| Gate { epoch: Epoch::default(), phase }.wants_outcomes());
    assert_eq!(wanted, [false, true, true, false]);
}

#[test]
fn the_gate_keeps_epoch_and_phase() {
    for phase in [Phase::Admit, Phase::Watch, Phase::Trial, Phase::Refuse] {
        for number in [0, 1, 2, 3, 1 << 40] {
            let gate = Gate { epoch: Epoch(number), phase };
            assert_eq!(GateWord::new(gate).load(), gate);
        }
    }
}

/// Its call was sent just before the connection began, and nothing came in between.
#[tokio::test(start_paused = true)]
async fn b57_a_call_that_was_sent_before_a_connection_began_says_nothing_of_it() {
    let availability = member();
    let sent = availability.sent_beside();
    let mut watch = availability.watch_connection();
    let probe = availability.traffic().probe_begins();
    availability.traffic().probe_passed(probe);
    sent.waited_in_vain();
    let noticed = tokio::time::timeout(Duration::from_millis(1), watch.trouble()).await;
    assert!(noticed.is_err(), "{noticed:?}");
}
