//! Who serves: the whole failover rule, pure.

#[cfg(test)]
mod tests;

use tokio::time::Instant;

use super::member::Weight;
use crate::availability::{OpenReason, Preference};
use crate::event::{Name, SwitchReason};

/// What a [`Strategy`] knows of a member that may be chosen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// Its name.
    pub name: Name,
    /// Its weight.
    pub weight: Weight,
    /// How gladly it is chosen.
    pub preference: Preference,
    /// Whether it serves now.
    pub is_active: bool,
}

/// Chooses among the members that may serve (B5). Pure: the same candidates give the same choice.
pub trait Strategy: Send + Sync {
    /// The index of the chosen candidate. There is at least one, in the order of configuration.
    fn choose(&self, candidates: &[Candidate]) -> usize;
}

/// The default strategy (B1, B3): the most willing, then the heaviest; of equals the active one stays, else the
/// first of the configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HighestWeight;

impl Strategy for HighestWeight {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        let rank = |candidate: &Candidate| (candidate.preference, candidate.weight, candidate.is_active);
        let mut best = 0;
        for index in 1..candidates.len() {
            if rank(&candidates[index]) > rank(&candidates[best]) {
                best = index;
            }
        }
        best
    }
}

/// What the rule sees of a member.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub(super) name: Name,
    pub(super) weight: Weight,
    /// May go on serving.
    pub(super) available: bool,
    /// May be chosen anew.
    pub(super) preference: Option<Preference>,
    /// May be taken when none is available (B7).
    pub(super) last_resort: Option<Preference>,
    /// Whether its checks have said anything yet.
    pub(super) judged: bool,
    /// Neither drained nor forced open: it is to serve when it can.
    pub(super) wanted: bool,
}

impl Standing {
    /// How gladly it is chosen. What is not known of the active member, not yet held against it, or only a reason not
    /// to choose it, is no reason to leave it (B8, B27).
    pub(super) fn preference_if(&self, active: bool) -> Option<Preference> {
        match self.preference {
            None | Some(Preference::Unknown | Preference::NotPreferred) if active && self.available => {
                Some(Preference::Healthy)
            }
            preference => preference,
        }
    }
}

/// Why a choice is due although the active member may stay.
pub(super) type Occasion = SwitchReason;

/// What besides the members a choice depends on.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    pub(super) active: Option<usize>,
    /// Chosen by hand (B38).
    pub(super) pinned: Option<usize>,
    pub(super) occasion: Option<Occasion>,
    /// Until when the heaviest is waited for, and for what.
    pub(super) patience: Option<Patience>,
    pub(super) now: Instant,
}

/// Waiting for the heaviest member before a lighter one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// At the start: until it was judged (B41).
    ForVerdict(Instant),
    /// After all went at once: until it may serve (B58).
    ForReturn(Instant),
}

impl Patience {
    pub(super) fn until(self) -> Instant {
        match self {
            Self::ForVerdict(until) | Self::ForReturn(until) => until,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The active member goes on.
    Stay,
    /// Another one is taken; for `Some` reason, or because the active one is lost.
    Switch { to: usize, reason: Option<SwitchReason> },
    /// As `Switch`, but its circuit must be closed first.
    LastResort { to: usize },
    /// One could serve, but something may be known by then that is worth the wait: the heaviest may be back.
    WaitUntil(Instant),
    /// Nobody can serve.
    Nobody,
}

/// The rule B1, with B3, B5, B7, B38, B41 and B58.
pub(super) fn decide(standings: &[Standing], situation: &Situation, strategy: &dyn Strategy) -> Decision {
    let pinned = situation.pinned.filter(|&index| standings[index].available);
    let keeps = situation.active.filter(|&index| standings[index].available);
    let choosable = |index: usize| standings[index].preference_if(keeps == Some(index));

    if let Some(active) = keeps {
        // It is left for a better one alone (B27).
        let behind = standings[active].preference == Some(Preference::Behind);
        let because = behind.then_some(SwitchReason::Unavailable(OpenReason::HealthCheck));
        let better = |index: usize| {
            choosable(index).filter(|how| !behind || index == active || *how > Preference::Behind)
        };
        let (to, reason) = match (pinned, situation.occasion.or(because)) {
            (Some(pinned), _) => (pinned, SwitchReason::Manual),
            (None, Some(occasion)) => match best(standings, better, Some(active), strategy) {
                Some(best) => (best, occasion),
                None => return Decision::Stay,
            },
            (None, None) => return Decision::Stay,
        };
        return if to == active { Decision::Stay } else { Decision::Switch { to, reason: Some(reason) } };
    }

    let resort = |index: usize| choosable(index).or(standings[index].last_resort);
    let chosen = match situation.patience {
        // No grace is held against those who went all at once (B58).
        Some(Patience::ForReturn(_)) => None,
        _ => best(standings, choosable, None, strategy),
    };
    let decision = match pinned.or(chosen).or_else(|| best(standings, resort, None, strategy)) {
        Some(to) if standings[to].available => Decision::Switch { to, reason: None },
        Some(to) => Decision::LastResort { to },
        None => return Decision::Nobody,
    };
    let (Decision::Switch { to, .. } | Decision::LastResort { to }) = decision else { return decision };
    match situation.patience {
        Some(patience) if Some(to) != pinned => {
            wait(standings, to, patience, situation.now).unwrap_or(decision)
        }
        _ => decision,
    }
}

/// Whether the heaviest wanted member is worth waiting for before `to` is taken.
fn wait(standings: &[Standing], to: usize, patience: Patience, now: Instant) -> Option<Decision> {
    let until = patience.until();
    let missing = |standing: &Standing| match patience {
        Patience::ForVerdict(_) => !standing.judged,
        Patience::ForReturn(_) => standing.preference.or(standing.last_resort).is_none(),
    };
    let heavier = |standing: &&Standing| standing.wanted && standing.weight > standings[to].weight;
    let unjudged = |standing: &Standing| standing.wanted && !standing.judged;
    // One that could not be judged is no better than a guess, while another may yet be found healthy.
    let to_is_guess = !standings[to].judged
        || standings[to].preference == Some(Preference::Unknown) && standings.iter().any(unjudged);
    let to_is_guess = matches!(patience, Patience::ForVerdict(_)) && to_is_guess;
    let worth_it = to_is_guess || standings.iter().filter(heavier).any(missing);
    (worth_it && now < until).then_some(Decision::WaitUntil(until))
}

/// The strategy's choice among those who have a preference.
pub(super) fn best(
    standings: &[Standing],
    preference: impl Fn(usize) -> Option<Preference>,
    active: Option<usize>,
    strategy: &dyn Strategy,
) -> Option<usize> {
    let (indices, candidates): (Vec<_>, Vec<_>) = standings
        .iter()
        .enumerate()
        .filter_map(|(index, standing)| {
            let candidate = Candidate {
                name: standing.name.clone(),
                weight: standing.weight,
                preference: preference(index)?,
                is_active: active == Some(index),
            };
            Some((index, candidate))
        })
        .unzip();
    if candidates.is_empty() {
        return None;
    }
    indices.get(strategy.choose(&candidates)).copied()
}
