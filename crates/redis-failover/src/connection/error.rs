use std::{error::Error, fmt, io, sync::Arc};

#[cfg(feature = "cluster")]
use redis::ErrorKind;
use redis::RedisError;

use crate::cursor::{CursorTooLarge, ScanInterrupted};

/// Why a call on a database's [`Connection`](super::Connection) failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// There is no connection and none could be made, so the call was never sent: any command may be retried.
    NotConnected(Arc<RedisError>),
    /// A call that needs a connection to itself got none, so it was never sent. That says nothing about the others.
    NoDedicated(Arc<RedisError>),
    /// As many calls have a connection to themselves as may, and went on for too long.
    DedicatedInUse {
        /// How many may.
        maximum: u32,
    },
    /// The call would have waited for ever on a database that is no longer the active one; it may have been applied.
    DatabaseLeft,
    /// The connection's [`Link`](super::Link) was closed, for good.
    Closed,
    /// The call goes on with a scan that another database began.
    ScanInterrupted,
    /// The keys of a pipeline that is to run as one lie in different slots of the cluster, so it was never sent.
    #[cfg(feature = "cluster")]
    CrossSlot {
        /// What was to be run.
        command: &'static str,
    },
    /// A call says to which nodes of a cluster it goes, and the database is none. It was never sent.
    #[cfg(feature = "cluster")]
    NoCluster,
    /// One of the nodes that a call went to did not serve its part, and others may have applied theirs.
    #[cfg(feature = "cluster")]
    PartlyApplied(Arc<RedisError>),
    /// What redis-rs says; the command may have been applied.
    Redis(RedisError),
}

#[cfg(feature = "cluster")]
impl ConnectionError {
    /// The same, of a part of a call of which other parts may have been applied. Whatever a part was refused with, or
    /// however surely it was never sent: that says nothing of the others.
    pub(super) fn of_a_part(self) -> Self {
        match self {
            Self::NotConnected(error) | Self::NoDedicated(error) => Self::PartlyApplied(error),
            Self::Redis(error) => Self::PartlyApplied(Arc::new(error)),
            Self::PartlyApplied(_) | Self::DatabaseLeft => self,
            error => {
                let error = (ErrorKind::Client, "a part of the call was not sent", error.to_string());
                Self::PartlyApplied(Arc::new(error.into()))
            }
        }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => write!(f, "not connected: {error}"),
            Self::NoDedicated(error) => write!(f, "no dedicated connection: {error}"),
            Self::DedicatedInUse { maximum } => write!(f, "all {maximum} dedicated connections are in use"),
            Self::DatabaseLeft => f.write_str("the database is no longer the active one"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::ScanInterrupted => ScanInterrupted.fmt(f),
            #[cfg(feature = "cluster")]
            Self::CrossSlot { command } => {
                write!(f, "the keys of {command} lie in different slots of the cluster")
            }
            #[cfg(feature = "cluster")]
            Self::NoCluster => f.write_str("the database is no cluster"),
            #[cfg(feature = "cluster")]
            Self::PartlyApplied(error) => write!(f, "a node of the cluster did not serve its part: {error}"),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl Error for ConnectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotConnected(error) | Self::NoDedicated(error) => Some(&**error),
            #[cfg(feature = "cluster")]
            Self::PartlyApplied(error) => Some(&**error),
            Self::Redis(error) => Some(error),
            _ => None,
        }
    }
}

impl From<RedisError> for ConnectionError {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Redis(error.into())
    }
}

impl From<ScanInterrupted> for ConnectionError {
    fn from(_: ScanInterrupted) -> Self {
        Self::ScanInterrupted
    }
}

impl From<CursorTooLarge> for ConnectionError {
    fn from(error: CursorTooLarge) -> Self {
        Self::Redis(error.into())
    }
}
