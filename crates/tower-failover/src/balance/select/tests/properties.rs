//! The rule against one that sorts.

use std::cmp::Reverse;

use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::*;

fn preferences() -> impl Strategy<Value = Option<Preference>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Preference::Unknown)),
        1 => Just(Some(Preference::Behind)),
        1 => Just(Some(Preference::NotPreferred)),
        4 => Just(Some(Preference::Healthy)),
    ]
}

/// As members can be: whoever may be chosen is available, and one that is available may still not be chosen.
fn standings() -> impl Strategy<Value = Vec<Standing>> {
    let member = (preferences(), preferences(), any::<(bool, bool)>(), 1..5_u32);
    let member = member.prop_map(|(preference, last_resort, (doubted, judged), weight)| Standing {
        name: "any".into(),
        weight: Weight::new(f64::from(weight)).expect("a weight"),
        available: preference.is_some() || doubted,
        preference,
        last_resort: preference.or(last_resort),
        judged,
        wanted: true,
    });
    prop::collection::vec(member, 1..6)
}

/// The first after sorting: the most willing, the heaviest, the active one, the first of the configuration.
fn first(
    standings: &[Standing],
    active: Option<usize>,
    how: impl Fn(usize) -> Option<Preference>,
) -> Option<usize> {
    let mut sorted: Vec<_> = (0..standings.len()).filter(|&index| how(index).is_some()).collect();
    sorted.sort_by(|&one, &other| {
        let rank = |index: usize| (how(index), standings[index].weight, active == Some(index));
        rank(other).partial_cmp(&rank(one)).expect("weights are numbers")
    });
    sorted.first().copied()
}

proptest! {
    #[test]
    fn b3_the_usual_strategy_takes_what_sorting_puts_first(
        members in prop::collection::vec((preferences(), 1..4_u32), 1..8),
        active: prop::sample::Index,
    ) {
        let active = active.index(members.len());
        let candidates: Vec<_> = members
            .iter()
            .enumerate()
            .map(|(index, &(preference, weight))| Candidate {
                name: "any".into(),
                weight: Weight::new(f64::from(weight)).expect("a weight"),
                preference: preference.unwrap_or(Preference::Healthy),
                is_active: index == active,
            })
            .collect();
        let mut sorted: Vec<_> = (0..candidates.len()).collect();
        sorted.sort_by_key(|&index| {
            let (preference, weight) = members[index];
            Reverse((preference.unwrap_or(Preference::Healthy), weight, index == active))
        });
        prop_assert_eq!(super::Strategy::choose(&HighestWeight, &candidates), sorted[0]);
    }

    #[test]
    fn b1_the_rule_is_that_of_a_sorted_list(
        standings in standings(),
        active: Option<prop::sample::Index>,
        pinned: Option<prop::sample::Index>,
        occasion: bool,
    ) {
        let at = |index: Option<prop::sample::Index>| index.map(|index| index.index(standings.len()));
        let occasion = occasion.then_some(SwitchReason::Fallback);
        let situation = Situation { active: at(active), pinned: at(pinned), occasion, ..situation() };
        let is_available = |index: &usize| standings[*index].available;
        let serves = situation.active.filter(is_available);
        let pinned = situation.pinned.filter(is_available);
        let how = |index: usize| standings[index].preference_if(serves == Some(index));
        let decision = rule(&standings, &situation);
        match (pinned, serves) {
            (Some(pinned), Some(active)) if pinned == active => prop_assert_eq!(decision, Decision::Stay),
            (Some(pinned), _) => {
                let goes = matches!(decision, Decision::Switch { to, .. } if to == pinned);
                prop_assert!(goes, "the choice by hand counts most: {:?}", decision);
            }
            (None, Some(active)) => {
                let is_behind = how(active) == Some(Preference::Behind);
                let better = |index| how(index).filter(|how| !is_behind || index == active || *how > Preference::Behind);
                let due = occasion.is_some() || is_behind;
                match first(&standings, Some(active), better).filter(|&to| due && to != active) {
                    Some(expected) => {
                        let goes = matches!(decision, Decision::Switch { to, .. } if to == expected);
                        prop_assert!(goes, "{:?}, and not to {}", decision, expected);
                    }
                    None => prop_assert_eq!(decision, Decision::Stay),
                }
            }
            (None, None) => {
                let resort = first(&standings, None, |index| standings[index].last_resort);
                let expected = match (first(&standings, None, how), resort) {
                    (Some(to), _) => Decision::Switch { to, reason: None },
                    (None, Some(to)) if is_available(&to) => Decision::Switch { to, reason: None },
                    (None, Some(to)) => Decision::LastResort { to },
                    (None, None) => Decision::Nobody,
                };
                prop_assert_eq!(decision, expected);
            }
        }
    }

    #[test]
    fn b58_whoever_is_waited_for_is_taken_or_the_wait_ends(standings in standings(), for_return: bool, is_over: bool) {
        let now = Instant::now();
        let until = if is_over { now } else { now + Duration::from_secs(1) };
        let patience = if for_return { Patience::ForReturn(until) } else { Patience::ForVerdict(until) };
        let decision = rule(&standings, &Situation { patience: Some(patience), now, ..situation() });
        let nobody = standings.iter().all(|standing| standing.preference.or(standing.last_resort).is_none());
        prop_assert_eq!(decision == Decision::Nobody, nobody);
        if let Decision::WaitUntil(wait) = decision {
            prop_assert!(!is_over && wait == until);
        }
        if let (true, Decision::Switch { to, .. } | Decision::LastResort { to }) = (for_return && !is_over, decision) {
            let heavier = standings.iter().filter(|standing| standing.weight > standings[to].weight);
            for standing in heavier {
                prop_assert!(standing.preference.or(standing.last_resort).is_some(), "nobody heavier is missing");
            }
        }
    }
}
