//! How long it is kept open.

use super::*;

#[test]
fn b58_a_waived_grace_period_ends_with_the_first_healthy_verdict() {
    let mut bench = Bench::checked();
    bench.trip();
    assert_eq!(bench.signal(Signal::WaiveGrace), CircuitState::Open, "not yet healthy");
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::HalfOpen);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
    bench.trip();
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Open, "waived for one outage only");

    assert_eq!(bench.signal(Signal::WaiveGrace), CircuitState::HalfOpen, "healthy already");
}

#[test]
fn b58_whoever_fails_the_attempt_without_grace_has_earned_one() {
    let mut bench = Bench::unchecked();
    bench.trip();
    assert_eq!(bench.signal(Signal::WaiveGrace), CircuitState::HalfOpen);
    assert_eq!(bench.outcome(false), CircuitState::Open);
    assert_eq!(bench.signal(Signal::WaiveGrace), CircuitState::Open, "it had its chance");
    assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
    bench.signal(Signal::Close);
    bench.trip();
    assert_eq!(bench.signal(Signal::WaiveGrace), CircuitState::HalfOpen, "another outage, another chance");
}

#[test]
fn b58_a_waiver_for_a_closed_circuit_is_void() {
    let mut bench = Bench::checked();
    bench.signal(Signal::WaiveGrace);
    bench.trip();
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Open);
}

#[test]
fn b39_flapping_doubles_the_grace_period_up_to_its_limit() {
    let mut bench = Bench::checked();
    bench.signal(Signal::Activated);
    for factor in [1, 2, 4, 8, 8] {
        assert_eq!(bench.trip_and_recover(), factor * GRACE);
    }
}

#[test]
fn b39_every_quiet_window_halves_it() {
    let mut bench = Bench::checked();
    bench.signal(Signal::Activated);
    for factor in [1, 2, 4, 8] {
        assert_eq!(bench.trip_and_recover(), factor * GRACE);
    }
    bench.pass(600 * SECOND);
    assert_eq!(bench.trip_and_recover(), 4 * GRACE);
    bench.pass(1200 * SECOND);
    assert_eq!(bench.trip_and_recover(), GRACE);
}

#[test]
fn b39_only_an_activated_member_flaps() {
    let mut bench = Bench::checked();
    for _ in 0..3 {
        bench.trip();
        bench.verdict(Verdict::Healthy);
        assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
        bench.verdict(Verdict::Healthy);
    }
}
