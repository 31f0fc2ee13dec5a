//! Time in which this process stood still.

use super::*;

#[test]
fn b57_our_own_stall_is_no_time_in_which_a_failure_held() {
    let settings = CircuitSettings::default().down_after(5 * SECOND);
    let mut bench = Bench::new(settings.clone(), true);
    bench.verdict(Verdict::Unhealthy);
    bench.pass(3 * SECOND);
    bench.stall(60 * SECOND);
    assert_eq!(bench.signal(Signal::Tick), CircuitState::Closed, "nobody could say that it lives");
    assert_eq!(bench.pass(4 * SECOND), CircuitState::Closed);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
    assert_eq!(bench.status().phase, Phase::Admit);

    for first_to_look in [Verdict::Unhealthy, Verdict::Unknown] {
        let mut bench = Bench::new(settings.clone(), true);
        bench.verdict(Verdict::Unhealthy);
        bench.stall(60 * SECOND);
        assert_eq!(bench.verdict(first_to_look), CircuitState::Closed);
        assert_eq!(bench.pass(5 * SECOND), CircuitState::Open, "it has held for as long, under our eyes");
    }
}

#[test]
fn b57_a_tick_within_a_second_is_no_stall_and_a_second_stall_is_no_excuse() {
    let settings = CircuitSettings::default().down_after(5 * SECOND);
    let mut bench = Bench::new(settings.clone(), true);
    bench.verdict(Verdict::Unhealthy);
    bench.stall(6 * SECOND);
    assert_eq!(bench.signal(Signal::Tick), CircuitState::Open);

    let mut bench = Bench::new(settings, true);
    bench.verdict(Verdict::Unhealthy);
    bench.stall(60 * SECOND);
    assert_eq!(bench.signal(Signal::Tick), CircuitState::Closed);
    bench.stall(60 * SECOND);
    assert_eq!(bench.signal(Signal::Tick), CircuitState::Open);
}

#[test]
fn b57_our_own_stall_is_no_time_in_which_a_trial_failed() {
    let mut bench = Bench::checked();
    bench.trip();
    bench.verdict(Verdict::Healthy);
    assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
    bench.stall(60 * SECOND);
    assert_eq!(bench.signal(Signal::Tick), CircuitState::HalfOpen);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);

    bench.trip();
    bench.verdict(Verdict::Healthy);
    bench.stall(GRACE + 60 * SECOND);
    assert_eq!(
        bench.signal(Signal::Tick),
        CircuitState::HalfOpen,
        "the grace period is over: a round decides"
    );
    assert_eq!(bench.pass(10 * SECOND), CircuitState::Open, "and has its usual time");
}
