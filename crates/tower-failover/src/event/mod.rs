//! Events: every transition, once, in order.
//!
//! They are emitted into [`Events`], and go from there to `tracing`, to whoever [subscribes](Events::subscribe), and
//! to [`Listener`]s.

mod listener;
mod log;
mod source;

use std::sync::Arc;

use tokio::time::Duration;

use crate::availability::{CircuitState, Evidence, OpenReason, Verdict};

pub use listener::{Listener, Listening};
pub use source::{EventStream, Events};

/// A member's name, the same in configuration, events, snapshots, errors and metrics.
pub type Name = Arc<str>;

/// Why the active member changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SwitchReason {
    /// The first choice.
    Initial,
    /// The former one became unavailable, as its circuit or its checks say.
    Unavailable(OpenReason),
    /// A heavier one is available again (B37).
    Fallback,
    /// Chosen by hand (B38).
    Manual,
    /// Weights changed, or a heavier member was added (B40).
    Weight,
    /// The former one was removed.
    Removed,
    /// The former one is being drained.
    Drained,
    /// Nothing was available before.
    Recovered,
}

impl SwitchReason {
    /// Whether a person, and not the rules, made the choice.
    #[must_use]
    pub fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::Weight | Self::Removed | Self::Drained)
            || matches!(self, Self::Unavailable(OpenReason::Forced | OpenReason::Drill))
    }
}

/// Something that changed. Events tell of transitions only; the state now is in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Calls go to another member from now on.
    ActiveChanged {
        /// Who served before; `None` at the start and after an outage.
        from: Option<Name>,
        /// Who serves now.
        to: Name,
        /// Why.
        reason: SwitchReason,
        /// What spoke against the former one.
        evidence: Option<Evidence>,
        /// The version of the choice; grows with each.
        version: u64,
    },
    /// A circuit changed its state, or was closed anew with a fresh window.
    CircuitChanged {
        /// Whose.
        member: Name,
        /// Before.
        from: CircuitState,
        /// After.
        to: CircuitState,
        /// Why it is, or was, not closed.
        reason: Option<OpenReason>,
    },
    /// The health checks say something else than before.
    VerdictChanged {
        /// Whose.
        member: Name,
        /// Before.
        from: Verdict,
        /// After.
        to: Verdict,
        /// What led to it.
        evidence: Option<Evidence>,
    },
    /// Calls failed; told at most once a second.
    CallsFailed {
        /// Where.
        member: Name,
        /// How many since the last such event.
        count: u64,
    },
    /// No member is available.
    OutageBegan,
    /// Still none, after `failover_attempts` × `failover_delay` (B28).
    OutageEscalated {
        /// How long it has lasted.
        lasted: Duration,
    },
    /// A member is available again.
    OutageEnded {
        /// How long it lasted.
        lasted: Duration,
    },
    /// A member joined.
    MemberAdded {
        /// Who.
        member: Name,
    },
    /// A member left.
    MemberRemoved {
        /// Who.
        member: Name,
    },
    /// A member that was to join was refused, or the list of members could not be read.
    DiscoverFailed {
        /// Why.
        detail: Arc<str>,
    },
    /// A member refuses us as we are configured (wrong password, untrusted certificate). Connections made before may
    /// go on; whether they do, the verdict tells.
    Misconfigured {
        /// Who.
        member: Name,
        /// What is wrong, without secrets.
        detail: Arc<str>,
    },
    /// The retry budget refused repeats; told at most once a second.
    RetriesRefused {
        /// How many since the last such event.
        count: u64,
    },
    /// A user's detector, check, strategy, circuit or listener panicked and was contained.
    Panicked {
        /// What it was.
        what: Arc<str>,
    },
    /// This subscriber was too slow and missed so many events.
    Lagged(u64),
}
