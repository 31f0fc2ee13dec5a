//! A strategy of the user's, run so that it can break nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::select::{Candidate, HighestWeight, Strategy};
use crate::event::{Event, Events};

/// A user's strategy, whose panics and wrong answers end in the default choice.
pub(super) struct Contained<'a> {
    pub(super) strategy: &'a dyn Strategy,
    pub(super) events: &'a Events,
}

impl Strategy for Contained<'_> {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        match catch_unwind(AssertUnwindSafe(|| self.strategy.choose(candidates))) {
            Ok(index) if index < candidates.len() => return index,
            Ok(_) => self.events.emit(Event::Panicked { what: "strategy: no such candidate".into() }),
            Err(_) => self.events.emit(Event::Panicked { what: "strategy".into() }),
        }
        HighestWeight.choose(candidates)
    }
}
