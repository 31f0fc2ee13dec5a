//! The active member says nothing: perhaps nobody does, and it is our own fault (B58).

use tokio::time::{Duration, Instant};

use super::Course;
use crate::balance::select::{Decision, Situation};

/// How long it is waited for the answer of a member that was asked when the active one fell silent. With the default
/// `Suspicion` and members that are near, both have had the same time by then, but for the rest that the other one may
/// have had after its last probe (B17); one that may take longer is not waited for.
const LAST_ANSWER: Duration = Duration::from_millis(350);

/// The others are asked no more often than this, however often the active one is suspected.
const PACE: Duration = Duration::from_secs(1);

/// What is known while the active member is in doubt.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    others_asked_at: Option<Instant>,
    /// Until when the answer of the one that would be taken is waited for.
    answer_until: Option<Instant>,
}

impl Doubt {
    pub(super) fn ends_at(&self) -> Option<Instant> {
        self.answer_until
    }
}

impl<K, S> Course<K, S> {
    /// Once the active one is suspected, all others that may take its place are asked as well: what they last said may
    /// be older than what befell all of them.
    pub(super) fn ask_others(&mut self, active: Option<usize>, now: Instant) {
        let asked_lately = self.doubt.others_asked_at.is_some_and(|asked_at| now < asked_at + PACE);
        if asked_lately || !self.is_suspected(active) {
            return;
        }
        self.doubt.others_asked_at = Some(now);
        for (index, entry) in self.members.iter().enumerate() {
            if active != Some(index) && entry.is_wanted() && entry.view().is_available() {
                entry.availability.suspect();
            }
        }
    }

    /// The same decision, unless it leaves a member that hangs for one that was asked and has not answered either: that
    /// answer is waited for. An order by hand is not.
    pub(super) fn once_answered(&mut self, decision: Decision, situation: &Situation) -> Decision {
        let Situation { active, pinned, now, .. } = *situation;
        if let Decision::Switch { to, reason: None } = decision
            && pinned != Some(to)
            && self.hangs(active)
            && self.is_suspected(Some(to))
        {
            let until = *self.doubt.answer_until.get_or_insert(now + LAST_ANSWER);
            if now < until {
                return Decision::WaitUntil(until);
            }
        }
        self.doubt.answer_until = None;
        decision
    }

    fn hangs(&self, active: Option<usize>) -> bool {
        active.and_then(|index| self.members.get(index)).is_some_and(|entry| entry.view().is_hung())
    }

    fn is_suspected(&self, member: Option<usize>) -> bool {
        member
            .and_then(|index| self.members.get(index))
            .is_some_and(|entry| entry.availability.is_suspected())
    }
}
