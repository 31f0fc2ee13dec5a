//! The rule, case by case.

mod properties;

use tokio::time::{Duration, Instant};

use super::{Candidate, Decision, HighestWeight, Patience, Situation, Standing, Strategy, decide};
use crate::availability::{OpenReason, Preference};
use crate::balance::Weight;
use crate::event::SwitchReason;

fn standing(name: &str, weight: f64) -> Standing {
    Standing {
        name: name.into(),
        weight: Weight::new(weight).expect("a weight"),
        available: true,
        preference: Some(Preference::Healthy),
        last_resort: None,
        judged: true,
        wanted: true,
    }
}

fn away(name: &str, weight: f64) -> Standing {
    Standing { available: false, preference: None, ..standing(name, weight) }
}

fn situation() -> Situation {
    Situation { active: None, pinned: None, occasion: None, patience: None, now: Instant::now() }
}

fn rule(standings: &[Standing], situation: &Situation) -> Decision {
    decide(standings, situation, &HighestWeight)
}

#[test]
fn b1_the_heaviest_available_is_taken() {
    let standings = [standing("light", 0.5), away("heaviest", 9.0), standing("heavy", 2.0)];
    assert_eq!(rule(&standings, &situation()), Decision::Switch { to: 2, reason: None });
}

#[test]
fn b1_without_an_occasion_the_active_one_stays() {
    let standings = [standing("light", 0.5), standing("heavy", 2.0)];
    let mut situation = Situation { active: Some(0), ..situation() };
    assert_eq!(rule(&standings, &situation), Decision::Stay);
    situation.occasion = Some(SwitchReason::Fallback);
    assert_eq!(
        rule(&standings, &situation),
        Decision::Switch { to: 1, reason: Some(SwitchReason::Fallback) }
    );
}

#[test]
fn b3_of_equals_the_active_one_stays_and_else_the_first_is_taken() {
    let candidate = |is_active| Candidate {
        name: "any".into(),
        weight: Weight::default(),
        preference: Preference::Healthy,
        is_active,
    };
    assert_eq!(HighestWeight.choose(&[candidate(false), candidate(true)]), 1);
    assert_eq!(HighestWeight.choose(&[candidate(false), candidate(false)]), 0);
}

#[test]
fn b7_the_last_resort_is_taken_only_if_nobody_is_available() {
    let resort = Standing { last_resort: Some(Preference::Healthy), ..away("resort", 9.0) };
    let mut standings = [resort, standing("light", 0.5)];
    assert_eq!(rule(&standings, &situation()), Decision::Switch { to: 1, reason: None });
    standings[1] = away("light", 0.5);
    assert_eq!(rule(&standings, &situation()), Decision::LastResort { to: 0 });
    standings[0].last_resort = None;
    assert_eq!(rule(&standings, &situation()), Decision::Nobody);
}

#[test]
fn b7_a_healthy_last_resort_goes_before_a_heavier_one_that_lags() {
    let resort = |name, weight, how| Standing { last_resort: Some(how), ..away(name, weight) };
    let standings =
        [resort("heavy", 2.0, Preference::NotPreferred), resort("light", 0.5, Preference::Healthy)];
    assert_eq!(rule(&standings, &situation()), Decision::LastResort { to: 1 });
}

#[test]
fn b27_a_willing_lighter_one_is_taken_before_a_heavier_one_that_is_not_preferred() {
    let mut standings = [standing("heavy", 2.0), standing("light", 0.5)];
    for less in [Preference::NotPreferred, Preference::Unknown] {
        standings[0].preference = Some(less);
        assert_eq!(rule(&standings, &situation()), Decision::Switch { to: 1, reason: None });
    }
}

#[test]
fn b27_at_a_fallback_neither_unknown_nor_not_preferred_is_a_reason_to_leave() {
    let mut standings = [standing("heavy", 2.0), standing("light", 0.5)];
    let fallback = Situation { active: Some(0), occasion: Some(SwitchReason::Fallback), ..situation() };
    for preference in [Some(Preference::Unknown), None, Some(Preference::NotPreferred)] {
        standings[0].preference = preference;
        assert_eq!(rule(&standings, &fallback), Decision::Stay, "{preference:?}");
    }
}

#[test]
fn b27_one_that_is_behind_is_left_at_once_but_only_for_a_better_one() {
    let mut standings = [standing("light", 0.5), standing("heavy", 2.0)];
    standings[0].preference = Some(Preference::Behind);
    let active = Situation { active: Some(0), ..situation() };
    let left = Decision::Switch { to: 1, reason: Some(SwitchReason::Unavailable(OpenReason::HealthCheck)) };
    for (other, decision) in [
        (Some(Preference::Healthy), left),
        (Some(Preference::NotPreferred), left),
        (Some(Preference::Behind), Decision::Stay),
        (Some(Preference::Unknown), Decision::Stay),
        (None, Decision::Stay),
    ] {
        standings[1].preference = other;
        assert_eq!(rule(&standings, &active), decision, "{other:?}");
    }
    standings[1].preference = Some(Preference::Healthy);
    let by_hand = Situation { pinned: Some(0), ..active };
    assert_eq!(rule(&standings, &by_hand), Decision::Stay, "it was chosen by hand");
}

#[test]
fn b27_one_that_is_behind_is_better_than_none() {
    let mut standings = [away("heavy", 2.0), standing("light", 0.5)];
    standings[1].preference = Some(Preference::Behind);
    assert_eq!(rule(&standings, &situation()), Decision::Switch { to: 1, reason: None });
}

#[test]
fn b38_the_pinned_one_is_taken_whenever_it_may_be() {
    let mut standings = [standing("light", 0.5), standing("heavy", 2.0)];
    let pinned = Situation { active: Some(1), pinned: Some(0), ..situation() };
    let by_hand = Decision::Switch { to: 0, reason: Some(SwitchReason::Manual) };
    assert_eq!(rule(&standings, &pinned), by_hand);
    standings[0] = away("light", 0.5);
    assert_eq!(rule(&standings, &pinned), Decision::Stay);
}

#[test]
fn b41_the_heaviest_is_waited_for_until_it_was_judged() {
    let now = Instant::now();
    let until = now + Duration::from_secs(1);
    let mut standings = [standing("light", 0.5), standing("heavy", 2.0)];
    standings[1].judged = false;
    standings[1].preference = Some(Preference::Unknown);
    let start = Situation { patience: Some(Patience::ForVerdict(until)), now, ..situation() };
    assert_eq!(rule(&standings, &start), Decision::WaitUntil(until));
    let late = Situation { now: until, ..start.clone() };
    assert_eq!(rule(&standings, &late), Decision::Switch { to: 0, reason: None });
    standings[1] = away("heavy", 2.0);
    assert_eq!(rule(&standings, &start), Decision::Switch { to: 0, reason: None }, "judged, and away");
}

#[test]
fn b41_one_that_could_not_be_judged_is_not_taken_while_another_may_be_found_healthy() {
    let now = Instant::now();
    let until = now + Duration::from_secs(1);
    let mut standings = [standing("light", 0.5), standing("heavy", 2.0)];
    standings[1].preference = Some(Preference::Unknown);
    standings[0] =
        Standing { judged: false, preference: Some(Preference::Unknown), ..standing("light", 0.5) };
    let start = Situation { patience: Some(Patience::ForVerdict(until)), now, ..situation() };
    assert_eq!(rule(&standings, &start), Decision::WaitUntil(until));
    standings[0] = standing("light", 0.5);
    assert_eq!(rule(&standings, &start), Decision::Switch { to: 0, reason: None });
    standings[0] = away("light", 0.5);
    assert_eq!(rule(&standings, &start), Decision::Switch { to: 1, reason: None }, "nothing better comes");
}

#[test]
fn b41_neither_a_lighter_one_nor_an_equal_one_is_waited_for() {
    let now = Instant::now();
    let patience = Some(Patience::ForVerdict(now + Duration::from_secs(1)));
    let start = Situation { patience, now, ..situation() };
    for weight in [0.5, 2.0] {
        let unjudged =
            Standing { judged: false, preference: Some(Preference::Unknown), ..standing("other", weight) };
        let taken = Decision::Switch { to: 1, reason: None };
        assert_eq!(rule(&[unjudged, standing("healthy", 2.0)], &start), taken, "{weight}");
    }
}

#[test]
fn b41_one_that_nothing_is_known_of_is_no_last_resort_while_its_verdict_may_come() {
    let now = Instant::now();
    let until = now + Duration::from_secs(1);
    let start = Situation { patience: Some(Patience::ForVerdict(until)), now, ..situation() };
    let mut resort = Standing { last_resort: Some(Preference::Unknown), judged: false, ..away("only", 1.0) };
    assert_eq!(rule(&[resort.clone()], &start), Decision::WaitUntil(until));
    resort.judged = true;
    assert_eq!(rule(&[resort], &start), Decision::LastResort { to: 0 });
}

#[test]
fn b38_one_that_was_chosen_by_hand_is_not_kept_waiting() {
    let now = Instant::now();
    let until = now + Duration::from_secs(1);
    let standings = [standing("light", 0.5), away("heavy", 2.0)];
    for patience in [Patience::ForVerdict(until), Patience::ForReturn(until)] {
        let start = Situation { pinned: Some(0), patience: Some(patience), now, ..situation() };
        let mut standings = standings.clone();
        standings[1].judged = false;
        assert_eq!(rule(&standings, &start), Decision::Switch { to: 0, reason: None }, "{patience:?}");
        let by_itself = Situation { pinned: None, ..start };
        assert_eq!(rule(&standings, &by_itself), Decision::WaitUntil(until), "{patience:?}");
    }
}

#[test]
fn b5_a_strategy_of_ones_own_is_offered_even_those_that_are_behind() {
    struct Last;
    impl Strategy for Last {
        fn choose(&self, candidates: &[Candidate]) -> usize {
            candidates.len() - 1
        }
    }
    let mut standings = [standing("heavy", 2.0), standing("light", 0.5)];
    standings[1].preference = Some(Preference::Behind);
    let fallback = Situation { active: Some(0), occasion: Some(SwitchReason::Fallback), ..situation() };
    let goes = Decision::Switch { to: 1, reason: Some(SwitchReason::Fallback) };
    assert_eq!(decide(&standings, &fallback, &Last), goes);
    // Whoever leaves one because it is behind must not come to another one that is.
    standings[0].preference = Some(Preference::Behind);
    assert_eq!(decide(&standings, &Situation { occasion: None, ..fallback }, &Last), Decision::Stay);
}

#[test]
fn b58_only_a_wanted_heavier_one_is_waited_for() {
    let now = Instant::now();
    let until = now + Duration::from_secs(1);
    let mut standings = [standing("light", 0.5), away("heavy", 2.0)];
    let back = Situation { patience: Some(Patience::ForReturn(until)), now, ..situation() };
    assert_eq!(rule(&standings, &back), Decision::WaitUntil(until));
    standings[1].wanted = false;
    assert_eq!(rule(&standings, &back), Decision::Switch { to: 0, reason: None });
    standings[1] = away("equal", 0.5);
    assert_eq!(rule(&standings, &back), Decision::Switch { to: 0, reason: None });
}

#[test]
fn b58_a_heavier_one_is_taken_when_it_is_found_healthy_and_need_not_be_tried() {
    let now = Instant::now();
    let patience = Some(Patience::ForReturn(now + Duration::from_secs(1)));
    let back = Situation { patience, now, ..situation() };
    let mut standings = [standing("light", 0.5), away("heavy", 2.0)];
    standings[1].last_resort = Some(Preference::Healthy);
    assert_eq!(rule(&standings, &back), Decision::LastResort { to: 1 });
    standings[1].last_resort = Some(Preference::NotPreferred);
    assert_eq!(rule(&standings, &back), Decision::Switch { to: 0, reason: None }, "it lags");
}
