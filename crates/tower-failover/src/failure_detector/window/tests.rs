use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;

use super::*;

const LENGTH: Duration = Duration::from_secs(2);
const TICK: Millis = 200;

fn counts(successes: u64, failures: u64) -> Counts {
    Counts { successes, failures }
}

#[test]
fn b12_the_window_forgets_by_time() {
    let window = Window::new(LENGTH);
    let epoch = Epoch(3);
    for tenth in 0..10 {
        window.record(epoch, tenth * TICK, false);
    }
    assert_eq!(window.counts(epoch, 9 * TICK), counts(0, 10));
    assert_eq!(
        window.counts(epoch, 10 * TICK),
        counts(0, 9),
        "the oldest is gone, with no call to push it out"
    );
    assert_eq!(window.counts(epoch, 18 * TICK), counts(0, 1));
    assert_eq!(window.counts(epoch, 19 * TICK), counts(0, 0));
}

#[test]
fn b12_failures_apart_by_more_than_the_window_never_meet() {
    let window = Window::new(Duration::from_millis(300));
    let epoch = Epoch::default();
    for at in [0, 160, 320] {
        window.record(epoch, at, false);
    }
    assert_eq!(window.counts(epoch, 320).failures, 2);
    window.record(epoch, 320, false);
    window.record(epoch, 320, false);
    assert_eq!(window.counts(epoch, 320).failures, 4);
}

#[test]
fn b12_a_burst_across_the_edge_of_a_bucket_is_counted_whole() {
    let window = Window::new(LENGTH);
    for at in [1_900, 1_990, 2_000, 2_100, 2_200] {
        window.record(Epoch::default(), at, false);
    }
    assert_eq!(window.counts(Epoch::default(), 2_200).failures, 5);
}

#[test]
fn b10_an_epoch_begins_with_an_empty_window_and_no_straggler_fills_it() {
    let window = Window::new(LENGTH);
    let (old, new) = (Epoch(4095), Epoch(4096));
    window.record(old, 100, false);
    assert_eq!(window.counts(new, 100), counts(0, 0));
    window.record(new, 100, false);
    window.record(old, 100, false);
    assert_eq!(window.counts(new, 100), counts(0, 1));
    assert_eq!(window.counts(old, 100), counts(0, 0));
}

#[test]
fn b12_an_outcome_that_is_a_lap_late_does_not_disturb_the_present() {
    let window = Window::new(LENGTH);
    let epoch = Epoch::default();
    window.record(epoch, 10 * TICK, true);
    window.record(epoch, 0, true);
    assert_eq!(window.counts(epoch, 10 * TICK), counts(1, 0));
}

#[test]
fn b12_a_long_silence_does_not_make_it_deaf() {
    let window = Window::new(LENGTH);
    let days = 24 * 60 * 60 * 1000;
    window.record(Epoch(1), 0, false);
    for (epoch, now) in [(Epoch(3000), 20 * days), (Epoch(5000), 30 * days), (Epoch(9000), 365 * days)] {
        assert_eq!(window.counts(epoch, now), counts(0, 0));
        window.record(epoch, now, false);
        assert_eq!(window.counts(epoch, now), counts(0, 1));
    }
}

#[test]
fn b12_an_outcome_is_late_only_within_what_a_thread_may_be_late() {
    let window = Window::new(LENGTH);
    let stamp = |epoch, tick| window.stamp(Epoch(epoch), tick * TICK);
    for (ahead, is_later) in [(0, false), (1, true), (LATE_TICKS, true), (LATE_TICKS + 1, false)] {
        for tick in [7, TICK_MASK] {
            assert_eq!(stamp(3, tick + ahead).is_later_than(stamp(3, tick)), is_later, "{ahead} ticks");
        }
    }
    for (ahead, is_later) in [(0, false), (1, true), (EPOCH_MASK / 2 - 1, true), (EPOCH_MASK / 2, false)] {
        for epoch in [7, EPOCH_MASK] {
            assert_eq!(stamp(epoch + ahead, 3).is_later_than(stamp(epoch, 3)), is_later, "{ahead} epochs");
        }
    }
}

#[test]
fn b12_the_first_outcome_of_a_bucket_is_counted_also_just_before_the_numbers_wrap() {
    for (epoch, tick) in [(0, TICK_MASK), (0, TICK_MASK - 9), (EPOCH_MASK, 0), (EPOCH_MASK, TICK_MASK)] {
        let window = Window::new(LENGTH);
        window.record(Epoch(epoch), tick * TICK, false);
        assert_eq!(window.counts(Epoch(epoch), tick * TICK), counts(0, 1), "epoch {epoch}, tick {tick}");
    }
}

#[test]
fn b12_the_shortest_window_has_a_millisecond_for_each_bucket() {
    let window = Window::new(Duration::ZERO);
    for at in 0..BUCKETS {
        window.record(Epoch(1), at, false);
    }
    assert_eq!(window.counts(Epoch(1), 9), counts(0, 10));
    assert_eq!(window.counts(Epoch(1), 10), counts(0, 9));
    assert_eq!(Window::SHORTEST, Duration::from_millis(10));
}

#[test]
fn b12_a_bucket_saturates_instead_of_spilling_into_its_stamp() {
    let window = Window::new(LENGTH);
    let full = window.stamp(Epoch(1), 0).number() << COUNT_BITS | COUNT_MASK;
    window.buckets[0].failures.store(full, Ordering::Relaxed);
    window.record(Epoch(1), 0, false);
    assert_eq!(window.counts(Epoch(1), 0), counts(0, COUNT_MASK));
}

#[test]
fn b12_no_outcome_is_lost_between_threads() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 50_000;
    let window = Arc::new(Window::new(LENGTH));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let window = Arc::clone(&window);
            thread::spawn(move || {
                for call in 0..CALLS {
                    // All buckets are in use, so that threads meet in each of them.
                    window.record(Epoch(7), call % 10 * TICK, (call + thread) % 4 != 0);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(window.counts(Epoch(7), 9 * TICK), counts(THREADS * CALLS * 3 / 4, THREADS * CALLS / 4));
}

#[test]
fn b10_threads_that_are_an_epoch_behind_add_nothing() {
    const CALLS: u64 = 50_000;
    let window = Arc::new(Window::new(LENGTH));
    let threads: Vec<_> = [Epoch(1), Epoch(2)]
        .into_iter()
        .map(|epoch| {
            let window = Arc::clone(&window);
            thread::spawn(move || (0..CALLS).for_each(|_| window.record(epoch, 0, false)))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(window.counts(Epoch(2), 0), counts(0, CALLS));
}

proptest! {
    #[test]
    fn b12_it_counts_what_a_list_of_all_calls_would(
        steps in prop::collection::vec((0_u64..700, any::<bool>(), prop::bool::weighted(0.05)), 1..300),
        began_at in 0_u64..10_000_000_000,
    ) {
        let window = Window::new(LENGTH);
        let (mut now, mut epoch) = (began_at, Epoch(0));
        let mut calls: VecDeque<(Epoch, Millis, bool)> = VecDeque::new();
        for (later, success, moved) in steps {
            now += later;
            if moved {
                epoch = epoch.next();
            }
            window.record(epoch, now, success);
            calls.push_back((epoch, now, success));

            calls.retain(|(of, at, _)| *of == epoch && now / TICK - at / TICK < BUCKETS);
            let failures = calls.iter().filter(|(.., success)| !success).count() as u64;
            prop_assert_eq!(window.counts(epoch, now), counts(calls.len() as u64 - failures, failures));
        }
    }
}
