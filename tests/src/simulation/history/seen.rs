//! What a snapshot shows, as far as it is compared.

use tower_failover::{Name, Verdict, availability::CircuitState};

use crate::simulation::fault::Phase;

/// What a snapshot showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Who serves.
    pub active: Option<Name>,
    /// The version of that choice.
    pub version: u64,
    /// Whether there is an outage.
    pub outage: bool,
    /// All members, the heaviest first.
    pub members: Vec<SeenMember>,
}

/// What a snapshot showed of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMember {
    /// Its name.
    pub name: Name,
    /// Whether it is shown as the one that serves.
    pub active: bool,
    /// What its checks say.
    pub verdict: Verdict,
    /// Its circuit.
    pub circuit: CircuitState,
    /// The epoch of its circuit.
    pub epoch: u64,
    /// How many trial calls a half-open circuit would admit; `None` if calls do not try it.
    pub free_trials: Option<u32>,
    /// Whether its circuit is held open by hand.
    pub forced: bool,
    /// Whether it is drained.
    pub drained: bool,
}

impl Seen {
    /// What the client is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let Some(heaviest) = self.members.first() else { return Phase::Starting };
        let is_closed = |member: &SeenMember| member.circuit == CircuitState::Closed;
        match &self.active {
            None if self.version == 0 => Phase::Starting,
            None => Phase::Outage,
            _ if self.outage => Phase::Outage,
            Some(active) if *active == heaviest.name => {
                if self.members.iter().all(is_closed) {
                    Phase::Steady
                } else {
                    Phase::StandbyAway
                }
            }
            Some(_) if heaviest.circuit == CircuitState::Open => Phase::FailedOver,
            Some(_) => Phase::Returning,
        }
    }
}
