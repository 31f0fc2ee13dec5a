//! What must hold in every history, one module each. Each is a pure function, and says what it has found and how much it
//! has looked at.

mod acknowledged;
mod at_most_once;
mod free_trials;
mod grace;
#[cfg(test)]
mod history;
mod messages;
mod no_lost_update;
mod nothing_left;
mod one_active;
mod own_epoch;
mod own_reply;
mod returns;
mod runs_at_active;
mod same_story;
mod settled;
mod states;

use super::{
    history::{Millis, Record},
    plan::Plan,
    world::Run,
};

/// An invariant: its name, and what finds where it is broken.
pub type Invariant = (&'static str, fn(&Told<'_>, &mut Findings));

/// All of them.
pub const ALL: [Invariant; 14] = [
    ("acknowledged", acknowledged::check),
    ("at_most_once", at_most_once::check),
    ("free_trials", free_trials::check),
    ("grace", grace::check),
    ("messages", messages::check),
    ("no_lost_update", no_lost_update::check),
    ("nothing_left", nothing_left::check),
    ("one_active", one_active::check),
    ("own_epoch", own_epoch::check),
    ("own_reply", own_reply::check),
    ("returns", returns::check),
    ("runs_at_active", runs_at_active::check),
    ("same_story", same_story::check),
    ("settled", settled::check),
];

/// What a run has told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What was planned.
    pub plan: &'a Plan,
    /// What was seen.
    pub records: &'a [Record],
}

/// What an invariant has found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How much it has looked at.
    pub checks: u64,
    /// Where it is broken.
    pub broken: Vec<Broken>,
}

/// Where an invariant is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// When.
    pub at: Millis,
    /// How.
    pub how: String,
}

impl Findings {
    /// This must be so.
    pub fn expect(&mut self, so: bool, at: Millis, how: impl FnOnce() -> String) {
        self.checks += 1;
        if !so {
            self.broken.push(Broken { at, how: how() });
        }
    }
}

/// What all of them find in a run, by name.
#[must_use]
pub fn check(run: &Run) -> Vec<(&'static str, Findings)> {
    let told = Told { plan: &run.plan, records: &run.records };
    let found = ALL.iter().map(|(name, check)| {
        let mut findings = Findings::default();
        check(&told, &mut findings);
        (*name, findings)
    });
    found.collect()
}
