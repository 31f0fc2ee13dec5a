//! What a node says where another one is to be asked.

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind, Value};

use super::topology::node_at;
use crate::connection::{Address, ConnectionError};

/// Whether a node says that another one is to be asked, or that a slot is on its way to another one.
pub(crate) fn is_redirection(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if is_redirecting(error.kind()))
}

/// Whether a call on a connection of its own was not executed, because its slot is another node's.
pub(crate) fn is_redirected(reply: Result<&Value, &ConnectionError>) -> bool {
    is_refused_with(reply, is_redirecting)
}

/// As [`is_redirected`], for good.
pub(crate) fn has_moved(reply: Result<&Value, &ConnectionError>) -> bool {
    is_refused_with(reply, |kind| kind == Some(ServerErrorKind::Moved))
}

/// The node that a redirection names, as the one that was asked sees it.
pub(crate) fn named(redirection: &ServerError, asked: &Address) -> Option<Address> {
    let error = RedisError::from(redirection.clone());
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    node_at(host, port.parse().ok()?, asked)
}

fn is_redirecting(kind: Option<ServerErrorKind>) -> bool {
    matches!(kind, Some(ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain))
}

fn is_refused_with(
    reply: Result<&Value, &ConnectionError>,
    is_it: impl Fn(Option<ServerErrorKind>) -> bool,
) -> bool {
    match reply {
        Ok(Value::ServerError(error)) => is_it(error.kind()),
        // A transaction is given up for what one of its commands was refused with.
        Err(ConnectionError::Redis(error))
            if error.kind() == ErrorKind::Server(ServerErrorKind::ExecAbort) =>
        {
            let errors = error.clone().into_server_errors();
            errors.is_some_and(|errors| errors.iter().any(|(_, error)| is_it(error.kind())))
        }
        _ => false,
    }
}
