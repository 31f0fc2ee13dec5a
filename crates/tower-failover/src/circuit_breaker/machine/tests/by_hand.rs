//! What is ordered.

use super::*;

#[test]
fn b11_forced_open_stays_open_whatever_is_said() {
    let mut bench = Bench::checked();
    bench.signal(Signal::Force { until: None, drill: false });
    bench.verdict(Verdict::Healthy);
    bench.outcome(true);
    bench.signal(Signal::WaiveGrace);
    bench.signal(Signal::Close);
    assert_eq!(bench.pass(100 * GRACE), CircuitState::Open);
    assert!(bench.status().forced);
    assert_eq!(bench.signal(Signal::Release), CircuitState::HalfOpen);
    assert!(!bench.status().forced);
    assert_eq!(bench.verdict(Verdict::Healthy), CircuitState::Closed);
}

#[test]
fn b11_a_drill_does_not_end_what_is_forced_open() {
    let mut bench = Bench::unchecked();
    bench.signal(Signal::Force { until: None, drill: false });
    bench.signal(Signal::Force { until: Some(bench.now + SECOND), drill: true });
    assert_eq!(bench.pass(10 * GRACE), CircuitState::Open);
    assert_eq!(bench.status().reason, Some(OpenReason::Forced));
}

#[test]
fn b61_a_drill_ends_by_itself_and_the_rules_go_on() {
    let mut bench = Bench::checked();
    let until = bench.now + 20 * SECOND;
    bench.signal(Signal::Force { until: Some(until), drill: true });
    bench.verdict(Verdict::Healthy);
    bench.pass(20 * SECOND);
    assert!(!bench.status().forced);
    assert_eq!(bench.status().state, CircuitState::Open);
    assert_eq!(bench.pass(GRACE - 20 * SECOND), CircuitState::HalfOpen);
}

#[test]
fn b61_a_drill_may_follow_another_one_and_what_was_released() {
    let mut bench = Bench::checked();
    bench.signal(Signal::Force { until: Some(bench.now + 20 * SECOND), drill: true });
    bench.pass(10 * SECOND);
    bench.signal(Signal::Force { until: Some(bench.now + 20 * SECOND), drill: true });
    bench.pass(20 * SECOND - Duration::from_millis(1));
    assert!(bench.status().forced, "the second one's time counts");
    bench.pass(Duration::from_millis(1));
    assert!(!bench.status().forced);

    let mut bench = Bench::checked();
    bench.signal(Signal::Force { until: None, drill: false });
    bench.signal(Signal::Release);
    bench.signal(Signal::Force { until: Some(bench.now + SECOND), drill: true });
    assert_eq!((bench.status().forced, bench.status().reason), (true, Some(OpenReason::Drill)));
}

#[test]
fn b7_closing_gives_a_fresh_window_also_to_a_closed_circuit() {
    let mut bench = Bench::checked();
    assert_eq!(bench.signal(Signal::Close), CircuitState::Closed);
    assert_eq!(bench.status().epoch, Epoch::default().next(), "closed anew");
    bench.trip();
    assert_eq!(bench.signal(Signal::Close), CircuitState::Closed);
    assert_eq!(bench.status().phase, Phase::Admit);
}
