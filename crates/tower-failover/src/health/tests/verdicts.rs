//! The pure part: policies, tallies, the gravest finding, evidence, settings.

use std::sync::Arc;

use proptest::prelude::*;
use tower::BoxError;

use super::*;
use crate::availability::{Finding, Suspicion};
use crate::backoff::Backoff;
use crate::health::round::rest;
use crate::health::verdict::{Tally, evidence_of, gravest};
use crate::health::{HealthyAll, HealthyAny, HealthyMajority, Policy};

/// How many probes a policy needs for these results (`true` passes), and what it decides.
fn decide(policy: impl Policy + 'static, results: &[bool]) -> (usize, Verdict) {
    let mut tally = Tally::new(Arc::new(policy), u32::try_from(results.len()).unwrap());
    for (index, passed) in results.iter().enumerate() {
        let health = if *passed { Health::Healthy } else { Health::Unhealthy(Evidence::TimedOut) };
        if let Some(finding) = tally.take(health) {
            return (index + 1, finding.verdict);
        }
    }
    panic!("undecided after the last probe")
}

const PASS: bool = true;
const MISS: bool = false;

#[test]
fn b20_all_decides_at_the_first_failed_probe() {
    assert_eq!(decide(HealthyAll, &[PASS, PASS, PASS]), (3, Verdict::Healthy));
    assert_eq!(decide(HealthyAll, &[MISS, PASS, PASS]), (1, Verdict::Unhealthy));
    assert_eq!(decide(HealthyAll, &[PASS, PASS, MISS]), (3, Verdict::Unhealthy));
}

#[test]
fn b20_a_majority_of_3_and_of_4_allows_1_failure_and_of_5_allows_2() {
    assert_eq!(decide(HealthyMajority, &[MISS, PASS, PASS]).1, Verdict::Healthy);
    assert_eq!(decide(HealthyMajority, &[MISS, MISS, PASS]).1, Verdict::Unhealthy);
    assert_eq!(decide(HealthyMajority, &[MISS, PASS, PASS, PASS]).1, Verdict::Healthy);
    assert_eq!(decide(HealthyMajority, &[MISS, PASS, MISS, PASS]).1, Verdict::Unhealthy);
    assert_eq!(decide(HealthyMajority, &[MISS, MISS, PASS, PASS, PASS]).1, Verdict::Healthy);
    assert_eq!(decide(HealthyMajority, &[MISS, MISS, PASS, MISS, PASS]).1, Verdict::Unhealthy);
}

#[test]
fn b20_a_majority_decides_as_soon_as_it_is_decided() {
    assert_eq!(decide(HealthyMajority, &[PASS, PASS, PASS, PASS, PASS]), (3, Verdict::Healthy));
    assert_eq!(decide(HealthyMajority, &[MISS, MISS, PASS]), (2, Verdict::Unhealthy));
    assert_eq!(decide(HealthyMajority, &[MISS, MISS, PASS, PASS]), (2, Verdict::Unhealthy));
    assert_eq!(decide(HealthyMajority, &[MISS]), (1, Verdict::Unhealthy));
    assert_eq!(decide(HealthyMajority, &[PASS]), (1, Verdict::Healthy));
}

#[test]
fn b20_any_decides_at_the_first_passed_probe() {
    assert_eq!(decide(HealthyAny, &[MISS, MISS, PASS]), (3, Verdict::Healthy));
    assert_eq!(decide(HealthyAny, &[PASS, MISS, MISS]), (1, Verdict::Healthy));
    assert_eq!(decide(HealthyAny, &[MISS, MISS, MISS]), (3, Verdict::Unhealthy));
}

/// Whether a whole round passes, of which so many probes of so many have passed.
type Rule = fn(u32, u32) -> bool;

#[test]
fn b20_a_policy_decides_once_the_probes_to_come_change_nothing_and_not_before() {
    let rules: [(Arc<dyn Policy>, Rule); 3] = [
        (Arc::new(HealthyAll), |passed, total| passed == total),
        (Arc::new(HealthyMajority), |passed, total| 2 * passed > total),
        (Arc::new(HealthyAny), |passed, _| passed > 0),
    ];
    let probes = (1..=6).flat_map(|total| (0..=total).map(move |passed| (passed, total)));
    for (passed, total) in probes {
        for failed in 0..=total - passed {
            for (policy, rule) in &rules {
                let (at_worst, at_best) = (rule(passed, total), rule(total - failed, total));
                let decided = (at_worst == at_best).then_some(at_best);
                let said = policy.decide(passed, failed, total);
                assert_eq!(said, decided, "{policy:?}: {passed} and {failed} of {total}");
            }
        }
    }
}

#[test]
fn b19_the_interval_varies_by_a_tenth() {
    let pause = |seed| rest(&HealthSettings::default(), 0, &Chance::seeded(seed));
    let pauses: Vec<_> = (0..100).map(pause).collect();
    assert!(pauses.iter().any(|pause| *pause < millis(4700)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause > millis(5300)), "{pauses:?}");
}

#[derive(Debug)]
struct Speechless;

impl Policy for Speechless {
    fn decide(&self, _: u32, _: u32, _: u32) -> Option<bool> {
        None
    }
}

#[test]
fn b20_a_policy_that_never_decides_has_not_passed() {
    assert_eq!(decide(Speechless, &[PASS, PASS]), (2, Verdict::Unhealthy));
}

proptest! {
    #[test]
    fn b20_an_early_decision_is_the_one_all_probes_would_have_led_to(
        results in proptest::collection::vec(any::<bool>(), 1..12),
    ) {
        let passed = results.iter().filter(|passed| **passed).count();
        let all = decide(HealthyAll, &results).1 == Verdict::Healthy;
        let majority = decide(HealthyMajority, &results).1 == Verdict::Healthy;
        let any = decide(HealthyAny, &results).1 == Verdict::Healthy;
        prop_assert_eq!(all, passed == results.len());
        prop_assert_eq!(majority, 2 * passed > results.len());
        prop_assert_eq!(any, passed > 0);
    }

    #[test]
    fn b19_jitter_stays_within_its_share(seed in any::<u64>()) {
        let pause = rest(&HealthSettings::default(), 0, &Chance::seeded(seed));
        prop_assert!((millis(4500)..=millis(5500)).contains(&pause), "{pause:?}");
    }

    #[test]
    fn b36_a_failed_check_rests_for_no_longer_than_its_backoff_or_its_interval(
        seed in any::<u64>(), failures in 1_u32..40,
    ) {
        let pause = rest(&steady(), failures, &Chance::seeded(seed));
        prop_assert!(pause <= Backoff::new(millis(100), millis(5000)).limit(failures - 1));
        let hasty = HealthSettings { interval: millis(50), ..steady() };
        prop_assert!(rest(&hasty, failures, &Chance::seeded(seed)) <= millis(50));
    }
}

#[test]
fn b21_of_equally_grave_findings_that_of_the_first_check_is_told() {
    let silent = Finding::unhealthy(Evidence::TimedOut);
    let gone = Finding::unhealthy(Evidence::Unreachable("refused".into()));
    assert_eq!(gravest([silent.clone(), gone.clone()]), Some(silent.clone()));
    assert_eq!(gravest([gone.clone(), silent]), Some(gone));
}

#[test]
fn b27_unhealthy_outweighs_unknown_that_not_preferred_and_that_healthy() {
    let lagging = || Finding::from(Health::NotPreferred("lags by 9 s".into()));
    let silent = || Finding::from(Health::Unknown("the API is down".into()));
    let behind = || Finding::unhealthy(Evidence::Lagging("by 9 s".into()));
    let dead = || Finding::unhealthy(Evidence::TimedOut);
    let verdict = |findings: Vec<Finding>| gravest(findings).map(|finding| finding.verdict);

    assert_eq!(verdict(vec![Finding::healthy(), lagging()]), Some(Verdict::NotPreferred));
    assert_eq!(verdict(vec![silent(), lagging(), Finding::healthy()]), Some(Verdict::Unknown));
    assert_eq!(verdict(vec![silent(), dead(), lagging()]), Some(Verdict::Unhealthy));
    assert_eq!(gravest([behind(), dead()]), Some(dead()), "one that is behind may be dead as well");
    assert_eq!(gravest([silent(), behind()]), Some(behind()));
    assert_eq!(verdict(vec![Finding::healthy()]), Some(Verdict::Healthy));
    assert_eq!(verdict(vec![]), None);
}

#[test]
fn an_error_tells_a_dead_member_from_one_that_answers() {
    #[derive(Debug)]
    struct Wrapped(io::Error);
    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("ping failed")
        }
    }
    impl std::error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let of = |error: BoxError| evidence_of(&error);
    let refused = Wrapped(io::ErrorKind::ConnectionRefused.into());
    assert_eq!(of(refused.into()), Evidence::Unreachable("ping failed: connection refused".into()));
    assert_eq!(of(Wrapped(io::ErrorKind::TimedOut.into()).into()), Evidence::TimedOut);
    assert_eq!(of("LOADING".into()), Evidence::Answered("LOADING".into()));
}

#[test]
fn settings_that_make_no_sense_are_named_with_their_check() {
    let refused = |settings: HealthSettings| {
        let check = Script::new([WELL]).check("ping");
        HealthPlan::new([check]).settings(settings).validate().unwrap_err().to_string()
    };
    assert_eq!(
        refused(HealthSettings { probes: 0, ..steady() }),
        "health check `ping`: `probes` must be more than zero"
    );
    assert_eq!(
        refused(HealthSettings { interval: Duration::ZERO, ..steady() }),
        "health check `ping`: `interval` must be more than zero"
    );
    assert_eq!(
        refused(HealthSettings { delay: Duration::MAX, ..steady() }),
        "health check `ping`: `delay` must not be more than a year"
    );
    assert_eq!(
        refused(HealthSettings { interval_jitter: f64::NAN, ..steady() }),
        "health check `ping`: `interval_jitter` must be from 0 to 1, not NaN"
    );
}

#[test]
fn a_suspicion_without_time_for_its_probe_is_refused() {
    let hasty = |suspicion: Suspicion| {
        let plan = HealthPlan::new([Script::new([WELL]).check("ping")]);
        plan.suspicion(Suspicion { timeout: Duration::ZERO, ..suspicion }).validate()
    };
    let refused = hasty(Suspicion::default()).map_err(|error| error.to_string());
    assert_eq!(refused, Err("health check `ping`: `suspicion_timeout` must be more than zero".into()));
    assert_eq!(hasty(Suspicion::off()), Ok(()), "nothing is suspected");
}
