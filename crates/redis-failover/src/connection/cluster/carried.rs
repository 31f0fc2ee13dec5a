//! What a node's connection tells the leaf past redis-rs's cluster client.
//!
//! That client sends again whatever failed with its connection, though it may have been applied (B33), and whole
//! pipelines of which a part was. So such an outcome is carried through it inside an error that it does not repeat.

use std::{error::Error, fmt, io, sync::Arc};

use redis::{ErrorKind, RedisError, Value};

/// An outcome on its way.
#[derive(Clone, Debug)]
pub(super) enum Carried {
    /// It may have been applied.
    Failed(RedisError),
    /// It was never sent. redis-rs's client may try elsewhere.
    NotSent(RedisError),
    /// Replies to a pipeline of which not all was served, but some may have been.
    PartlyServed(Vec<Value>),
}

impl Carried {
    /// How a command ended that was sent.
    pub(super) fn failed(error: RedisError) -> RedisError {
        match error.kind() {
            ErrorKind::Io | ErrorKind::Parse => Self::Failed(error).wrapped(io::ErrorKind::Unsupported),
            _ => error,
        }
    }

    pub(super) fn not_sent(error: RedisError) -> RedisError {
        match error.kind() {
            ErrorKind::Io => Self::NotSent(error).wrapped(io::ErrorKind::NotConnected),
            _ => error,
        }
    }

    pub(super) fn partly_served(replies: Vec<Value>) -> RedisError {
        Self::PartlyServed(replies).wrapped(io::ErrorKind::Unsupported)
    }

    /// `Unsupported` is what redis-rs's client does not repeat; for `NotConnected` it dials the node anew.
    fn wrapped(self, kind: io::ErrorKind) -> RedisError {
        io::Error::new(kind, self).into()
    }

    /// What was carried, or the error that was not.
    pub(super) fn unwrap(error: RedisError) -> Result<Self, RedisError> {
        // redis-rs gives its inner error as the `Arc` that holds it.
        let found = Error::source(&error)
            .and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>())
            .and_then(|held| held.downcast_ref::<io::Error>())
            .and_then(|error| error.get_ref()?.downcast_ref::<Self>())
            .cloned();
        found.ok_or(error)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) | Self::NotSent(error) => error.fmt(f),
            Self::PartlyServed(_) => f.write_str("a part of the pipeline was not served"),
        }
    }
}

impl Error for Carried {}

#[cfg(test)]
mod tests {
    use redis::RetryMethod;

    use super::*;

    #[test]
    fn b33_redis_rs_does_not_repeat_what_may_have_been_applied() {
        for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::TimedOut, io::ErrorKind::ConnectionReset] {
            let carried = Carried::failed(io::Error::from(kind).into());
            assert!(matches!(carried.retry_method(), RetryMethod::NoRetry));
            assert!(
                matches!(Carried::unwrap(carried), Ok(Carried::Failed(error)) if error.kind() == ErrorKind::Io)
            );
        }
    }

    #[test]
    fn b32_it_may_try_elsewhere_what_was_never_sent() {
        let carried = Carried::not_sent(io::Error::from(io::ErrorKind::ConnectionRefused).into());
        assert!(matches!(carried.retry_method(), RetryMethod::Reconnect));
        assert!(matches!(Carried::unwrap(carried), Ok(Carried::NotSent(_))));
    }

    #[test]
    fn what_a_server_says_goes_its_way() {
        let refused: RedisError = (ErrorKind::AuthenticationFailed, "wrong").into();
        assert_eq!(Carried::failed(refused.clone()).kind(), ErrorKind::AuthenticationFailed);
        assert!(Carried::unwrap(Carried::not_sent(refused)).is_err());
    }
}
