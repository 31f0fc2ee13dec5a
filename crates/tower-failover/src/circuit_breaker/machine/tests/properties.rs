use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Say(Signal),
    Trip { stale: bool },
    Outcome { success: bool, stale: bool },
    Trial,
    TrialEnded,
    Hold { seconds: u64 },
    Pass { seconds: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![
        Just(Verdict::Unknown),
        Just(Verdict::Healthy),
        Just(Verdict::NotPreferred),
        Just(Verdict::Unhealthy)
    ];
    let said = prop_oneof![
        4 => verdict.prop_map(|verdict| {
            Signal::Verdict(Finding { verdict, evidence: None, on_suspicion: false })
        }),
        1 => Just(Signal::ProbeFailed),
        1 => Just(Signal::Release),
        1 => Just(Signal::Close),
        1 => Just(Signal::Activated),
        1 => Just(Signal::WaiveGrace),
        1 => Just(Signal::Tick),
    ];
    let step = prop_oneof![
        8 => said.prop_map(Step::Say),
        2 => any::<bool>().prop_map(|stale| Step::Trip { stale }),
        4 => any::<(bool, bool)>().prop_map(|(success, stale)| Step::Outcome { success, stale }),
        2 => Just(Step::Trial),
        1 => Just(Step::TrialEnded),
        1 => (0_u64..100).prop_map(|seconds| Step::Hold { seconds }),
        6 => (0_u64..100).prop_map(|seconds| Step::Pass { seconds }),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn b8_whatever_happens_the_circuit_keeps_its_promises(
        steps in steps(),
        checked: bool,
        grace in 0_u64..90,
        down_after in 0_u64..10,
    ) {
        let settings = CircuitSettings::default()
            .grace_period(Duration::from_secs(grace))
            .down_after(Duration::from_secs(down_after));
        let mut bench = Bench::new(settings, checked);
        for step in steps {
            let before = bench.status().clone();
            let passes = matches!(step, Step::Pass { .. });
            let epoch_of = |stale| if stale { Epoch(u64::MAX >> 2) } else { before.epoch };
            match step {
                Step::Say(signal) => { bench.signal(signal); }
                Step::Trip { stale } => {
                    let reason = OpenReason::FailureDetector;
                    bench.signal(Signal::Trip { epoch: epoch_of(stale), reason });
                }
                Step::Outcome { success, stale } => {
                    bench.signal(Signal::Outcome { epoch: epoch_of(stale), success });
                }
                Step::Trial => { bench.machine.try_trial(bench.now); }
                Step::TrialEnded => { bench.signal(Signal::TrialEnded { epoch: before.epoch }); }
                Step::Hold { seconds } => {
                    let until = Some(bench.now + Duration::from_secs(seconds));
                    bench.signal(Signal::Force { until, drill: true });
                }
                Step::Pass { seconds } => {
                    // Ends only because every tick that was asked for moves something.
                    bench.pass(Duration::from_secs(seconds));
                    prop_assert!(bench.status().next_change_at.is_none_or(|due| due > bench.now));
                }
            }
            let after = bench.status();
            prop_assert!(after.epoch.number() >= before.epoch.number());
            prop_assert!(passes || after.epoch.number() - before.epoch.number() <= 1, "every transition is seen");
            if after.epoch == before.epoch {
                prop_assert_eq!(after.state, before.state);
                prop_assert_eq!(after.since, before.since);
            }
            prop_assert_eq!(after.reason.is_none(), after.state == CircuitState::Closed);
            prop_assert_eq!(after.forced && after.state != CircuitState::Open, false);
            prop_assert_eq!(after.free_trials > 0 && after.phase != Phase::Trial, false);
        }

        // However it was left, a member that has become healthy returns.
        bench.signal(Signal::Release);
        for _ in 0..200 {
            if bench.status().state == CircuitState::Closed {
                break;
            }
            bench.verdict(Verdict::Healthy);
            bench.outcome(true);
            bench.pass(Duration::from_secs(5));
        }
        prop_assert_eq!(bench.status().state, CircuitState::Closed);
    }

    /// Against the list of all that was said: the circuit is tried at the first moment before which the member was
    /// healthy for as long as its grace, and nothing said otherwise.
    #[test]
    fn b9_it_is_tried_when_the_list_of_verdicts_says_so(
        said in prop::collection::vec((0_u64..30, 0_u8..5), 1..60),
        grace in 1_u64..60,
    ) {
        let grace = Duration::from_secs(grace);
        // Long enough that it is still being tried when it is looked at.
        let settings = CircuitSettings::default().grace_period(grace).half_open_timeout(Duration::from_secs(3600));
        let mut bench = Bench::new(settings, true);
        bench.trip();
        // When each was said; whether it spoke for health, against it, or not at all.
        let mut list: Vec<(Instant, Option<bool>)> = Vec::new();
        for (pause, kind) in said {
            bench.pass(Duration::from_secs(pause));
            let breaks = list.iter().rposition(|(_, health)| *health == Some(false)).map_or(0, |at| at + 1);
            let healthy_since = list[breaks..].iter().find(|(_, health)| *health == Some(true)).map(|(at, _)| *at);
            let is_due = healthy_since.is_some_and(|since| since + grace <= bench.now);
            let expected = if is_due { CircuitState::HalfOpen } else { CircuitState::Open };
            prop_assert_eq!(bench.status().state, expected);
            if is_due {
                return Ok(());
            }
            let health = match kind {
                0 | 1 => Some(true),
                2 | 3 => Some(false),
                _ => None,
            };
            match kind {
                0 => bench.verdict(Verdict::Healthy),
                1 => bench.verdict(Verdict::NotPreferred),
                2 => bench.verdict(Verdict::Unhealthy),
                3 => bench.signal(Signal::ProbeFailed),
                _ => bench.verdict(Verdict::Unknown),
            };
            list.push((bench.now, health));
        }
    }
}
