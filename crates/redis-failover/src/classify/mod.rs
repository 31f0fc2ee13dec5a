//! What a reply or an error says about the database.
//!
//! redis-rs hands server errors over *inside* `Ok`, in pipelines one per element, so a layer that looks at
//! `Err` alone never sees `LOADING` or `READONLY`. [`ReplyClass::of`] looks at both. For a single command it
//! looks at one discriminant; for a pipeline it scans the replies once.

mod error;
pub mod failures;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use redis::{RedisError, ServerError, Value};

/// What the reply to a call looks like: a single command may answer with an array that is plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The reply to one command.
    Single,
    /// An array with one reply a command.
    Pipeline,
    /// An array with the reply to `EXEC`, which holds one reply a command.
    Atomic,
}

/// What one outcome says about the database.
///
/// ```
/// use redis::Value;
/// use redis_failover::{classify::{ReplyClass, Shape, Unserviceable}, command::Command};
///
/// let get = redis::cmd("GET");
/// let shape = Command::from(&get).shape();
///
/// let class = ReplyClass::of(Ok(&Value::Nil), shape);
/// assert!(!class.is_failure());
///
/// let loading = redis::parse_redis_value(b"-LOADING Redis is loading the dataset in memory\r\n").unwrap();
/// let class = ReplyClass::of(Ok(&loading), shape);
/// assert_eq!(class, ReplyClass::Unserviceable(Unserviceable::Loading));
/// assert!(class.is_failure() && class.known_not_applied());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyClass {
    /// The database answered, be it with an error of the command's own such as `WRONGTYPE`.
    Answered,
    /// It answered that it cannot serve; of a pipeline, every element got such a reply.
    Unserviceable(Unserviceable),
    /// Some elements of a pipeline got such a reply, others were served.
    PartlyUnserviceable(Unserviceable),
    /// A transaction was given up before any of it ran (`EXECABORT`), for such a reply.
    Aborted(Unserviceable),
    /// Refused, not to be resolved, no route, or no node left to ask.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The connection broke, or what came over it was not Redis's protocol.
    ConnectionLost,
    /// Something is set up wrongly: no retry and no other database heals it.
    Misconfigured(Misconfigured),
    /// Refused on this side, before anything was sent, or not understood after it was answered.
    Ours,
}

/// Why a database that answers cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unserviceable {
    /// `LOADING`: it reads its data set.
    Loading,
    /// `MASTERDOWN`: a replica that has lost its primary.
    MasterDown,
    /// `CLUSTERDOWN`: slots are not served.
    ClusterDown,
    /// `READONLY`: a replica was asked to write.
    ReadOnly,
    /// `NOREPLICAS`: too few replicas to accept writes.
    NoReplicas,
    /// `MISCONF`: it cannot persist, so it accepts no writes.
    Misconf,
}

/// What is set up wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misconfigured {
    /// User or password: `NOAUTH`, `WRONGPASS`.
    Credentials,
    /// One side does not trust the other's certificate.
    TlsTrust,
    /// The server does not speak RESP3.
    Protocol,
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "user or password is wrong or missing",
            Self::TlsTrust => "a certificate is not trusted",
            Self::Protocol => "it does not speak the protocol",
        })
    }
}

/// What is set up wrongly, in words, if that is what an error says. No secret is in it: redis-rs and servers repeat
/// none.
pub(crate) fn misconfigured(error: &RedisError) -> Option<Arc<str>> {
    match ReplyClass::of(Err(error), Shape::Single) {
        ReplyClass::Misconfigured(what) => Some(format!("{what}: {error}").into()),
        _ => None,
    }
}

/// Of several errors in a row the one to tell: what is set up wrongly, somebody can do something about; else the last.
pub(crate) fn more_telling(last: Option<RedisError>, error: RedisError) -> RedisError {
    last.filter(|last| misconfigured(last).is_some()).unwrap_or(error)
}

/// Whether somebody was there who would have no connection more. A server that has reached its `maxclients` says so and
/// hangs up, and which of the two is heard first is chance; over TLS nothing is said.
pub(crate) fn has_no_room(error: &RedisError) -> bool {
    match ReplyClass::of(Err(error), Shape::Single) {
        ReplyClass::ConnectionLost => true,
        ReplyClass::Answered => error.to_string().contains("max number of clients"),
        _ => false,
    }
}

impl ReplyClass {
    /// Classifies the outcome of a call with this shape of reply.
    #[inline]
    pub fn of(result: Result<&Value, &RedisError>, shape: Shape) -> Self {
        match result {
            Ok(value) if !matches!(value, Value::ServerError(_) | Value::Array(_)) => Self::Answered,
            result => Self::of_rare(result, shape),
        }
    }

    fn of_rare(result: Result<&Value, &RedisError>, shape: Shape) -> Self {
        match (result, shape) {
            (Ok(Value::ServerError(error)), _) => Self::of_server_error(error),
            (Ok(Value::Array(replies)), Shape::Pipeline) => Self::of_replies(replies),
            (Ok(Value::Array(replies)), Shape::Atomic) => match replies.first() {
                Some(Value::Array(replies)) => Self::of_replies(replies),
                Some(Value::ServerError(error)) => Self::of_server_error(error),
                _ => Self::Answered,
            },
            (Ok(_), _) => Self::Answered,
            (Err(error), _) => error::classify(error),
        }
    }

    /// Whether this counts against the database. Misconfiguration and errors of our own do not.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Answered | Self::Misconfigured(_) | Self::Ours)
    }

    /// Why the database cannot serve, if it said so.
    pub fn unserviceable(self) -> Option<Unserviceable> {
        match self {
            Self::Unserviceable(why) | Self::PartlyUnserviceable(why) | Self::Aborted(why) => Some(why),
            _ => None,
        }
    }

    /// Whether this failure shows that *nothing* of the call was applied, so that any command may be retried.
    ///
    /// Never so for transport errors: redis-rs gives the same error to a command that was written and to one
    /// that found the connection dead. Who dials knows better; this looks at the outcome alone.
    pub fn known_not_applied(self) -> bool {
        match self {
            Self::Aborted(_) => true,
            Self::Unserviceable(why) => matches!(
                why,
                Unserviceable::Loading
                    | Unserviceable::ReadOnly
                    | Unserviceable::MasterDown
                    | Unserviceable::ClusterDown
            ),
            _ => false,
        }
    }

    #[cold]
    fn of_server_error(error: &ServerError) -> Self {
        Self::of_code(error.code())
    }

    fn of_code(code: &str) -> Self {
        Self::Unserviceable(match code {
            "LOADING" => Unserviceable::Loading,
            "MASTERDOWN" => Unserviceable::MasterDown,
            "CLUSTERDOWN" => Unserviceable::ClusterDown,
            "READONLY" => Unserviceable::ReadOnly,
            "NOREPLICAS" => Unserviceable::NoReplicas,
            "MISCONF" => Unserviceable::Misconf,
            "NOAUTH" | "WRONGPASS" => return Self::Misconfigured(Misconfigured::Credentials),
            _ => return Self::Answered,
        })
    }

    /// One scan. Of several reasons the last one that leaves open whether the command was applied is told:
    /// then the whole pipeline's answer to that is right too.
    fn of_replies(replies: &[Value]) -> Self {
        let mut found: Option<Self> = None;
        let mut served = false;
        for reply in replies {
            let class = match reply {
                Value::ServerError(error) => Self::of_server_error(error),
                _ => Self::Answered,
            };
            if class == Self::Answered {
                served = true;
            } else if found.is_none_or(Self::known_not_applied) {
                found = Some(class);
            }
        }
        match found {
            Some(Self::Unserviceable(why)) if served => Self::PartlyUnserviceable(why),
            Some(class) => class,
            None => Self::Answered,
        }
    }
}
