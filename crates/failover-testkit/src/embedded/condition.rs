//! States in which a server answers, but not as wished.

use super::commands::{Command, Flags, Refusal};

/// How the embedded server answers; each refusal has the exact text of Redis.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Condition {
    /// As it should.
    #[default]
    Normal,
    /// Its data is being loaded: `LOADING`, for all but administrative commands (PING included).
    Loading,
    /// It is a read-only replica: `READONLY`, for writes.
    ReadOnly,
    /// It cannot save its data: `MISCONF`, for writes and PING.
    MisconfWrites,
    /// It is a replica without its master: `MASTERDOWN`, for all but administrative commands.
    MasterDown,
    /// Its memory is full: `OOM`, for commands that may need more.
    OutOfMemory,
    /// Too few replicas follow it: `NOREPLICAS`, for writes.
    NoReplicas,
    /// A script runs for too long: `BUSY`, for nearly everything.
    Busy,
    /// It has too many clients: new connections get an error and are closed.
    MaxClients,
    /// Any other error, its code first (`CLUSTERDOWN The cluster is down`), for the same commands as
    /// [`Loading`](Self::Loading).
    Error(String),
}

impl Condition {
    /// Whether ROLE, HELLO and INFO say that this is a replica.
    pub(super) fn is_replica(&self) -> bool {
        matches!(self, Self::ReadOnly | Self::MasterDown)
    }

    pub(super) fn refuses(&self, command: &Command) -> Option<Refusal> {
        let write = command.has(Flags::WRITE);
        let refused = match self {
            Self::Normal | Self::MaxClients => false,
            Self::Loading | Self::Error(_) => !command.has(Flags::LOADING),
            Self::ReadOnly | Self::NoReplicas => write,
            Self::MisconfWrites => write || command.name == "ping",
            Self::MasterDown => !command.has(Flags::STALE),
            Self::OutOfMemory => command.has(Flags::DENYOOM),
            Self::Busy => !command.has(Flags::ALLOW_BUSY),
        };
        refused.then(|| self.refusal()).flatten()
    }

    /// The error of a connection that is not even let in.
    pub(super) fn refuses_connections(&self) -> Option<Refusal> {
        (*self == Self::MaxClients).then(|| self.refusal()).flatten()
    }

    fn refusal(&self) -> Option<Refusal> {
        Some(Refusal::fixed(match self {
            Self::Normal => return None,
            Self::Error(text) => return Some(Refusal::new(text.as_str())),
            Self::Loading => "LOADING Redis is loading the dataset in memory",
            Self::ReadOnly => "READONLY You can't write against a read only replica.",
            Self::MisconfWrites => {
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to \
                 disk. Commands that may modify the data set are disabled, because this instance is \
                 configured to report errors during writes if RDB snapshotting fails \
                 (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB \
                 error."
            }
            Self::MasterDown => {
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
            }
            Self::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Self::NoReplicas => "NOREPLICAS Not enough good replicas to write.",
            Self::Busy => {
                "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
            }
            Self::MaxClients => "ERR max number of clients reached",
        }))
    }
}
