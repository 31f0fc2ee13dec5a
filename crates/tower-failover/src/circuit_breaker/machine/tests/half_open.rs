//! What a half-open one waits for.

use super::*;

#[test]
fn b10_half_open_has_a_deadline() {
    for checked in [true, false] {
        let mut bench = Bench::new(CircuitSettings::default(), checked);
        bench.trip();
        bench.verdict(Verdict::Healthy);
        assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
        bench.machine.try_trial(bench.now);
        assert_eq!(bench.pass(10 * SECOND), CircuitState::Open);
        assert_eq!(bench.status().reason, Some(OpenReason::FailureDetector));
    }
}

#[test]
fn b10_without_checks_the_deadline_begins_with_the_first_trial() {
    let mut bench = Bench::unchecked();
    bench.trip();
    bench.pass(GRACE);
    assert_eq!(bench.pass(100 * GRACE), CircuitState::HalfOpen, "nobody has called it yet");
    let epoch = bench.machine.try_trial(bench.now).expect("a trial");
    bench.pass(9 * SECOND);
    bench.signal(Signal::TrialEnded { epoch });
    assert_eq!(bench.status().state, CircuitState::HalfOpen, "given up, which says nothing");
    assert_eq!(bench.pass(SECOND), CircuitState::Open);
}

#[test]
fn b10_a_round_that_cannot_judge_is_asked_for_once() {
    let mut bench = Bench::checked();
    bench.trip();
    bench.verdict(Verdict::Healthy);
    bench.pass(GRACE);
    assert_eq!(bench.verdict(Verdict::Unknown), CircuitState::HalfOpen);
    assert!(!bench.status().wants_round);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
}

#[test]
fn b10_trial_calls_are_few_and_come_back() {
    let mut bench = Bench::unchecked();
    assert_eq!(bench.machine.try_trial(bench.now), None, "closed: nobody needs one");
    bench.trip();
    assert_eq!(bench.machine.try_trial(bench.now), None);
    bench.pass(GRACE);
    let epoch = bench.status().epoch;
    for left in [2, 1, 0] {
        assert_eq!(bench.machine.try_trial(bench.now), Some(epoch));
        assert_eq!(bench.status().free_trials, left);
    }
    assert_eq!(bench.machine.try_trial(bench.now), None);
    bench.signal(Signal::TrialEnded { epoch });
    assert_eq!(bench.machine.try_trial(bench.now), Some(epoch), "an abandoned one is free again");

    bench.outcome(true);
    bench.signal(Signal::TrialEnded { epoch });
    assert_eq!(bench.status().free_trials, 0, "two more successes are under way, and no more are needed");
}

#[test]
fn b10_what_an_older_epoch_says_counts_for_nothing() {
    let mut bench = Bench::unchecked();
    let old = bench.status().epoch;
    bench.trip();
    bench.pass(GRACE);
    bench.machine.try_trial(bench.now);
    let before = bench.status().clone();
    for straggler in [
        Signal::Outcome { epoch: old, success: true },
        Signal::Outcome { epoch: old, success: false },
        Signal::Trip { epoch: old, reason: OpenReason::FailureDetector },
        Signal::TrialEnded { epoch: old },
    ] {
        bench.signal(straggler);
        assert_eq!(*bench.status(), before);
    }
}

#[test]
fn b9_a_failed_probe_of_a_round_that_passes_opens_nothing() {
    let mut bench = Bench::checked();
    bench.trip();
    bench.verdict(Verdict::Healthy);
    assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
    assert_eq!(bench.signal(Signal::ProbeFailed), CircuitState::HalfOpen, "the policy may allow for it");
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
}
