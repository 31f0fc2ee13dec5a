//! Calls, and how they end.

use std::time::Duration;

/// A call, when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number, which is in its payload.
    pub id: u64,
    /// What it does.
    pub kind: Kind,
    /// How long it may take.
    pub limit: Duration,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ECHO`: nothing changes, and the reply is the call's own.
    Echo,
    /// `SET` of a key of its own: may be repeated.
    Set,
    /// `INCR` of a key of its own: must not be repeated.
    Increment,
    /// A pipeline that writes, asks which server it is on, and echoes.
    Pipeline,
    /// `MULTI` … `EXEC`, with an `INCR` among it.
    Atomic,
    /// A transaction that watches a shared counter.
    Transaction,
    /// `BLPOP` of a list that stays empty.
    Pop,
}

impl Kind {
    /// Whether it must not be applied twice.
    #[must_use]
    pub const fn is_once(self) -> bool {
        matches!(self, Self::Increment | Self::Atomic | Self::Transaction)
    }

    /// Whether it writes, as a whole or not at all.
    #[must_use]
    pub const fn writes(self) -> bool {
        self.is_once() || matches!(self, Self::Set)
    }

    /// The command by which a server is seen to apply it.
    #[must_use]
    pub const fn applied_by(self) -> Option<&'static str> {
        match self {
            Self::Set | Self::Pipeline => Some("set"),
            Self::Increment => Some("incr"),
            // As redis-rs sends it.
            Self::Atomic => Some("incrby"),
            Self::Transaction => Some("rpush"),
            Self::Echo | Self::Pop => None,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With its reply, and the server that says it has given it.
    Answered {
        /// Whether the reply is this call's.
        own: bool,
        /// Which server said it was it, if one was asked and knew.
        by: Option<usize>,
        /// What was replied, if it is another's.
        reply: String,
    },
    /// It may have been applied.
    Ambiguous(String),
    /// It failed, and was not applied.
    Failed(String),
}
