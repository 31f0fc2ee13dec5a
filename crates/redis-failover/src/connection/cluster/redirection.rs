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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Value {
        redis::parse_redis_value(format!("{line}\r\n").as_bytes()).unwrap()
    }

    /// What each of these says: that another node is to be asked, that a call alone was redirected, and for good.
    fn says(reply: Result<&Value, &ConnectionError>) -> [bool; 3] {
        [reply.is_ok_and(is_redirection), is_redirected(reply), has_moved(reply)]
    }

    #[test]
    fn a_redirection_is_told_from_other_replies_and_for_good_from_on_its_way() {
        assert_eq!(says(Ok(&said("-MOVED 3999 10.0.0.1:6381"))), [true, true, true]);
        assert_eq!(says(Ok(&said("-ASK 3999 10.0.0.1:6381"))), [true, true, false]);
        assert_eq!(says(Ok(&said("-TRYAGAIN the slot is on its way"))), [true, true, false]);
        assert_eq!(says(Ok(&said("-CLUSTERDOWN the cluster is down"))), [false; 3]);
        assert_eq!(says(Ok(&said("+OK"))), [false; 3]);
        assert_eq!(says(Err(&ConnectionError::Closed)), [false; 3]);
    }

    #[test]
    fn b55_a_redirection_names_a_node_as_the_asked_one_sees_it() {
        let asked = Address::tcp("eu.example", 7000);
        let named_by = |line: &str| match said(line) {
            Value::ServerError(error) => named(&error, &asked),
            other => panic!("{other:?}"),
        };
        assert_eq!(named_by("-MOVED 3999 10.0.0.1:6381"), Some(Address::tcp("10.0.0.1", 6381)));
        assert_eq!(named_by("-ASK 3999 :6382"), Some(Address::tcp("eu.example", 6382)));
        assert_eq!(named_by("-MOVED 3999 10.0.0.1:none"), None);
        assert_eq!(named_by("-CLUSTERDOWN the cluster is down"), None);
    }
}
