//! What opens it.

use super::*;

#[test]
fn b8_trips_verdicts_and_force_open_it_with_their_reasons() {
    let suspicion =
        Finding { on_suspicion: true, ..Finding::unhealthy(Evidence::Unreachable("refused".into())) };
    let unserviceable = Signal::Trip { epoch: Epoch::default(), reason: OpenReason::Unserviceable };
    for (signal, reason) in [
        (unserviceable, OpenReason::Unserviceable),
        (Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)), OpenReason::HealthCheck),
        (Signal::Verdict(suspicion), OpenReason::Suspicion),
        (Signal::Force { until: None, drill: false }, OpenReason::Forced),
        (Signal::Force { until: None, drill: true }, OpenReason::Drill),
    ] {
        let mut bench = Bench::checked();
        assert_eq!(bench.signal(signal), CircuitState::Open);
        assert_eq!(bench.status().reason, Some(reason));
        assert_eq!(bench.status().phase, Phase::Refuse);
        assert_eq!(bench.status().epoch, Epoch::default().next());
    }
}

#[test]
fn b8_an_unknown_or_not_preferred_member_stays() {
    for verdict in [Verdict::Unknown, Verdict::NotPreferred, Verdict::Healthy] {
        let mut bench = Bench::checked();
        assert_eq!(bench.verdict(verdict), CircuitState::Closed);
        assert_eq!(bench.status().epoch, Epoch::default());
    }
}

#[test]
fn b27_a_member_that_is_behind_is_alive() {
    let behind = || Signal::Verdict(Finding::unhealthy(Evidence::Lagging("by 9 s".into())));
    let mut bench = Bench::checked();
    assert_eq!(bench.signal(behind()), CircuitState::Closed);
    assert_eq!(bench.status().epoch, Epoch::default());
    bench.trip();
    bench.signal(behind());
    assert_eq!(bench.pass(GRACE), CircuitState::HalfOpen);
    assert_eq!(bench.signal(behind()), CircuitState::Closed);
}

#[test]
fn b8_a_failure_takes_effect_after_it_has_held_for_down_after() {
    let mut bench = Bench::new(CircuitSettings::default().down_after(5 * SECOND), true);
    assert_eq!(bench.verdict(Verdict::Unhealthy), CircuitState::Closed);
    assert_eq!(bench.status().phase, Phase::Watch);
    bench.pass(3 * SECOND);
    bench.verdict(Verdict::Unhealthy);
    bench.outcome(false);
    assert_eq!(bench.pass(2 * SECOND - Duration::from_millis(1)), CircuitState::Closed);
    assert_eq!(bench.pass(Duration::from_millis(1)), CircuitState::Open);
    assert_eq!(bench.status().reason, Some(OpenReason::HealthCheck));
}

#[test]
fn b8_a_success_within_down_after_clears_the_failure() {
    let successes: [fn(&mut Bench) -> CircuitState; 3] = [
        |bench| bench.outcome(true),
        |bench| bench.verdict(Verdict::Healthy),
        |bench| bench.verdict(Verdict::NotPreferred),
    ];
    for success in successes {
        let mut bench = Bench::new(CircuitSettings::default().down_after(5 * SECOND), true);
        bench.trip();
        bench.pass(4 * SECOND);
        assert_eq!(success(&mut bench), CircuitState::Closed);
        assert_eq!((bench.status().phase, bench.status().epoch), (Phase::Admit, Epoch::default()));
        assert_eq!(bench.pass(GRACE), CircuitState::Closed);
    }
}

#[test]
fn b59_refusals_that_have_lasted_open_it_at_once_and_nothing_but_a_closed_one() {
    let mut bench = Bench::new(CircuitSettings::default().down_after(5 * SECOND), true);
    let refused = |epoch| Signal::Trip { epoch, reason: OpenReason::Unserviceable };
    let closed = bench.status().epoch;
    assert_eq!(bench.signal(refused(closed.next())), CircuitState::Closed, "not of this epoch");
    assert_eq!(bench.status().phase, Phase::Admit);
    assert_eq!(bench.signal(refused(closed)), CircuitState::Open);

    let open = bench.status().clone();
    bench.pass(SECOND);
    bench.signal(refused(closed));
    bench.signal(refused(open.epoch));
    assert_eq!(*bench.status(), open, "it is open already");
}
