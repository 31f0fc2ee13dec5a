//! What events say of the members: the state that follows from all of them so far.

use std::collections::BTreeMap;

use redis_failover::Event;
use tower_failover::{Name, Verdict, availability::CircuitState};

use crate::simulation::history::Millis;

/// What is known of all members from events alone.
#[derive(Debug, Default)]
pub(super) struct States {
    /// Who serves.
    pub(super) active: Option<Name>,
    /// The version of that choice.
    pub(super) version: u64,
    /// Each member.
    pub(super) members: BTreeMap<Name, State>,
}

/// What is known of a member.
#[derive(Debug)]
pub(super) struct State {
    pub(super) verdict: Verdict,
    /// Since when that is its verdict.
    pub(super) judged_at: Millis,
    pub(super) circuit: CircuitState,
    /// Since when its circuit is in that state.
    pub(super) moved_at: Millis,
}

impl States {
    /// Goes on with one event.
    pub(super) fn take(&mut self, event: &Event, at: Millis) {
        match event {
            Event::MemberAdded { member } => {
                let verdict = Verdict::Unknown;
                let circuit = CircuitState::Closed;
                let state = State { verdict, judged_at: at, circuit, moved_at: at };
                self.members.insert(member.clone(), state);
            }
            Event::VerdictChanged { member, to, .. } => {
                if let Some(state) = self.members.get_mut(member) {
                    (state.verdict, state.judged_at) = (*to, at);
                }
            }
            Event::CircuitChanged { member, to, .. } => {
                if let Some(state) = self.members.get_mut(member) {
                    (state.circuit, state.moved_at) = (*to, at);
                }
            }
            Event::ActiveChanged { to, version, .. } => {
                (self.active, self.version) = (Some(to.clone()), *version);
            }
            Event::OutageBegan => self.active = None,
            _ => {}
        }
    }
}
