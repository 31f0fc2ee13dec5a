//! How it is tried again.

use super::*;

#[test]
fn b9_it_is_tried_after_a_grace_period_of_unbroken_health() {
    let mut bench = Bench::checked();
    bench.trip();
    assert_eq!(bench.status().next_change_at, None, "nothing happens before it is healthy");
    bench.pass(10 * SECOND);
    bench.verdict(Verdict::Healthy);
    assert_eq!(bench.pass(GRACE - SECOND), CircuitState::Open);
    assert_eq!(bench.pass(SECOND), CircuitState::HalfOpen);
    assert_eq!(bench.status().phase, Phase::Refuse, "the checks decide, not the calls");
    assert!(bench.status().wants_round);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
    assert!(!bench.status().wants_round);
    assert_eq!(bench.status().reason, None);
}

#[test]
fn b9_a_circuit_that_is_closed_stays_so_at_the_end_of_a_former_grace() {
    for by_hand in [true, false] {
        let mut bench = Bench::checked();
        bench.trip();
        bench.verdict(Verdict::Healthy);
        bench.pass(GRACE / 2);
        bench.signal(if by_hand { Signal::Close } else { Signal::WaiveGrace });
        bench.verdict(Verdict::Healthy);
        assert_eq!((bench.status().state, bench.status().next_change_at), (CircuitState::Closed, None));
        bench.now += GRACE;
        assert_eq!(bench.signal(Signal::Tick), CircuitState::Closed, "also if somebody looks");
    }
}

#[test]
fn b9_one_failed_probe_starts_the_grace_period_anew() {
    for broken in [Signal::ProbeFailed, Signal::Verdict(Finding::unhealthy(Evidence::TimedOut))] {
        let mut bench = Bench::checked();
        bench.trip();
        bench.verdict(Verdict::Healthy);
        bench.pass(GRACE - SECOND);
        bench.signal(broken);
        assert_eq!(bench.status().next_change_at, None);
        bench.verdict(Verdict::Healthy);
        assert_eq!(bench.pass(GRACE - SECOND), CircuitState::Open);
        assert_eq!(bench.pass(SECOND), CircuitState::HalfOpen);
    }
}

#[test]
fn b9_not_preferred_counts_as_healthy_and_unknown_as_nothing() {
    let mut bench = Bench::checked();
    bench.trip();
    bench.verdict(Verdict::Unknown);
    assert_eq!(bench.status().next_change_at, None);
    bench.verdict(Verdict::NotPreferred);
    bench.pass(GRACE - SECOND);
    bench.verdict(Verdict::Unknown);
    assert_eq!(bench.pass(SECOND), CircuitState::HalfOpen);
    assert_eq!(bench.verdict(Verdict::NotPreferred), CircuitState::Closed);
}

#[test]
fn b9_without_checks_the_grace_period_begins_when_it_opens() {
    let mut bench = Bench::unchecked();
    bench.trip();
    assert_eq!(bench.pass(GRACE - SECOND), CircuitState::Open);
    assert_eq!(bench.pass(SECOND), CircuitState::HalfOpen);
    assert_eq!(bench.status().phase, Phase::Trial);
    assert!(!bench.status().wants_round);
    assert_eq!(bench.outcome(true), CircuitState::HalfOpen);
    assert_eq!(bench.outcome(true), CircuitState::HalfOpen);
    assert_eq!(bench.outcome(true), CircuitState::Closed);
}

#[test]
fn b9_a_failed_trial_opens_it_for_another_grace_period() {
    let mut unchecked = Bench::unchecked();
    unchecked.trip();
    unchecked.pass(GRACE);
    unchecked.outcome(true);
    assert_eq!(unchecked.outcome(false), CircuitState::Open);
    assert_eq!(unchecked.pass(GRACE - SECOND), CircuitState::Open);
    assert_eq!(unchecked.pass(SECOND), CircuitState::HalfOpen);

    let mut checked = Bench::checked();
    checked.trip();
    checked.verdict(Verdict::Healthy);
    checked.pass(GRACE);
    assert_eq!(checked.verdict(Verdict::Unhealthy), CircuitState::Open);
    assert_eq!(checked.status().reason, Some(OpenReason::HealthCheck));
    assert_eq!(checked.pass(2 * GRACE), CircuitState::Open, "not healthy, so not tried");
}

#[test]
fn b9_without_grace_a_tripped_member_returns() {
    let settings = CircuitSettings::default().grace_period(Duration::ZERO);

    let mut checked = Bench::new(settings.clone(), true);
    assert_eq!(checked.trip(), CircuitState::Open, "the opening is seen");
    assert_eq!(checked.verdict(Verdict::Healthy), CircuitState::HalfOpen);
    assert_eq!(checked.verdict(Verdict::Healthy), CircuitState::Closed);

    let mut unchecked = Bench::new(settings.trial_calls(1), false);
    assert_eq!(unchecked.trip(), CircuitState::Open, "the opening is seen");
    assert_eq!(unchecked.pass(Duration::ZERO), CircuitState::HalfOpen);
    assert_eq!(unchecked.outcome(true), CircuitState::Closed);
}

#[test]
fn b9_checks_that_begin_or_end_meanwhile_change_what_is_waited_for() {
    let mut bench = Bench::checked();
    bench.trip();
    bench.pass(GRACE);
    bench.checked = false;
    assert_eq!(bench.signal(Signal::Tick), CircuitState::HalfOpen);
    assert_eq!(bench.status().phase, Phase::Trial);
    bench.checked = true;
    bench.signal(Signal::Tick);
    assert_eq!((bench.status().phase, bench.status().wants_round), (Phase::Refuse, true));
}
