mod properties;

use super::*;
use crate::availability::Evidence;

const GRACE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A machine with a clock of its own.
struct Bench {
    machine: CircuitMachine,
    checked: bool,
    now: Instant,
}

impl Bench {
    fn new(settings: CircuitSettings, checked: bool) -> Self {
        settings.validate().expect("valid settings");
        let now = Instant::now();
        Self { machine: CircuitMachine::new(settings, Epoch::default(), now), checked, now }
    }

    fn checked() -> Self {
        Self::new(CircuitSettings::default(), true)
    }

    fn unchecked() -> Self {
        Self::new(CircuitSettings::default(), false)
    }

    fn signal(&mut self, signal: Signal) -> CircuitState {
        self.machine.apply(&signal, self.checked, self.now);
        self.status().state
    }

    fn trip(&mut self) -> CircuitState {
        let epoch = self.status().epoch;
        self.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector })
    }

    fn outcome(&mut self, success: bool) -> CircuitState {
        let epoch = self.status().epoch;
        self.signal(Signal::Outcome { epoch, success })
    }

    fn verdict(&mut self, verdict: Verdict) -> CircuitState {
        self.signal(Signal::Verdict(Finding { verdict, evidence: None, on_suspicion: false }))
    }

    /// Time passes; whoever drives the circuit ticks whenever it asks for it, and never else.
    fn pass(&mut self, time: Duration) -> CircuitState {
        let until = self.now + time;
        while let Some(due) = self.status().next_change_at.filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.signal(Signal::Tick);
        }
        self.now = until;
        self.status().state
    }

    /// Time passes, and nobody looks: this process stands still.
    fn stall(&mut self, time: Duration) {
        self.now += time;
    }

    /// Opens and comes back by the rules; for how long it was open.
    fn trip_and_recover(&mut self) -> Duration {
        let opened_at = self.now;
        assert_eq!(self.trip(), CircuitState::Open);
        self.verdict(Verdict::Healthy);
        let due = self.status().next_change_at.expect("the end of the grace period");
        self.pass(due - self.now);
        let lasted = self.now - opened_at;
        assert_eq!(self.verdict(Verdict::Healthy), CircuitState::Closed);
        self.signal(Signal::Activated);
        lasted
    }

    fn status(&self) -> &CircuitStatus {
        self.machine.status()
    }
}

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
fn b7_closing_gives_a_fresh_window_also_to_a_closed_circuit() {
    let mut bench = Bench::checked();
    assert_eq!(bench.signal(Signal::Close), CircuitState::Closed);
    assert_eq!(bench.status().epoch, Epoch::default().next(), "closed anew");
    bench.trip();
    assert_eq!(bench.signal(Signal::Close), CircuitState::Closed);
    assert_eq!(bench.status().phase, Phase::Admit);
}

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
