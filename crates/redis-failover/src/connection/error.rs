use std::{error::Error, fmt, io, sync::Arc};

use redis::RedisError;

use crate::cursor::{CursorTooLarge, ScanInterrupted};

/// Why a call on a database's [`Connection`](super::Connection) failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// There is no connection and none could be made, so the call was never sent: any command may be retried.
    NotConnected(Arc<RedisError>),
    /// The connection's [`Link`](super::Link) was closed, for good.
    Closed,
    /// The call goes on with a scan that another database began.
    ScanInterrupted,
    /// What redis-rs says; the command may have been applied.
    Redis(RedisError),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => write!(f, "not connected: {error}"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::ScanInterrupted => ScanInterrupted.fmt(f),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl Error for ConnectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotConnected(error) => Some(&**error),
            Self::Redis(error) => Some(error),
            Self::Closed | Self::ScanInterrupted => None,
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
