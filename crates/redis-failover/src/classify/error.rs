use std::{error::Error, io, sync::Arc};

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};

use super::{Misconfigured, ReplyClass};
use crate::connection::TlsTrustError;

#[cold]
pub(super) fn classify(error: &RedisError) -> ReplyClass {
    match error.kind() {
        ErrorKind::Io => transport(error),
        // Its stream is out of step: nothing more can be read from it.
        ErrorKind::Parse => ReplyClass::ConnectionLost,
        ErrorKind::Server(ServerErrorKind::ExecAbort) => aborted(error),
        ErrorKind::Server(_) | ErrorKind::Extension => server(error),
        ErrorKind::AuthenticationFailed => ReplyClass::Misconfigured(Misconfigured::Credentials),
        ErrorKind::RESP3NotSupported => ReplyClass::Misconfigured(Misconfigured::Protocol),
        ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => ReplyClass::Unreachable,
        _ => ReplyClass::Ours,
    }
}

fn transport(error: &RedisError) -> ReplyClass {
    if TlsTrustError::find(error).is_some() {
        ReplyClass::Misconfigured(Misconfigured::TlsTrust)
    } else if error.is_timeout() {
        ReplyClass::TimedOut
    } else if error.is_connection_refusal() {
        ReplyClass::Unreachable
    } else if error.is_connection_dropped() {
        ReplyClass::ConnectionLost
    } else if io_kind(error) == Some(io::ErrorKind::InvalidData) {
        invalid_data(error)
    } else {
        // Names that do not resolve have no kind of their own; hosts and networks without a route are here too.
        ReplyClass::Unreachable
    }
}

/// Where redis-rs dials by itself, rustls wraps its errors as invalid data; its words are the only way to tell them
/// without depending on it.
fn invalid_data(error: &RedisError) -> ReplyClass {
    let message = error.to_string();
    if ["certificate", "Certificate", "UnknownCA"].iter().any(|word| message.contains(word)) {
        ReplyClass::Misconfigured(Misconfigured::TlsTrust)
    } else {
        ReplyClass::ConnectionLost
    }
}

fn io_kind(error: &RedisError) -> Option<io::ErrorKind> {
    // redis-rs's source is the `Arc` that it keeps the error in.
    let held = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    held.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// Server errors that a caller or redis-rs took out of a reply, alone or as a pipeline's.
fn server(error: &RedisError) -> ReplyClass {
    match ServerError::try_from(error.clone()) {
        Ok(error) => ReplyClass::of_code(error.code()),
        // A pipeline's error lists the elements that failed; the others were served.
        Err(error) => match worst(&error) {
            ReplyClass::Unserviceable(why) => ReplyClass::PartlyUnserviceable(why),
            class => class,
        },
    }
}

/// Nothing ran. Whether that is the database's fault, the refused commands tell.
fn aborted(error: &RedisError) -> ReplyClass {
    match worst(error) {
        ReplyClass::Unserviceable(why) => ReplyClass::Aborted(why),
        class => class,
    }
}

/// The first listed error that is more than an answer. The clone shares what it lists.
fn worst(error: &RedisError) -> ReplyClass {
    let errors = error.clone().into_server_errors();
    let mut classes =
        errors.iter().flat_map(|errors| errors.iter()).map(|(_, error)| ReplyClass::of_code(error.code()));
    classes.find(|class| *class != ReplyClass::Answered).unwrap_or(ReplyClass::Answered)
}
