//! Which attempts may be repeated.

use tokio::time::Duration;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Assessment {
    /// An answer, or an error that a repeat would not mend.
    Final,
    /// A failure known not to have been applied: every request may be repeated (B32).
    NotApplied,
    /// A failure that may have been applied: only some requests may be repeated (B33).
    Ambiguous,
}

/// Decides which attempts [`Retry`](super::Retry) repeats.
///
/// In place of tower's `Policy`, which clones the request, and itself, for every call.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// use tower_failover::retry::{Assessment, RetryPolicy};
///
/// #[derive(Clone)]
/// enum Request { Get, Increment }
///
/// struct Policy;
///
/// impl<T> RetryPolicy<Request, T, Error> for Policy {
///     fn assess(&self, result: Result<&T, &Error>) -> Assessment {
///         match result.map_err(Error::kind) {
///             Ok(_) => Assessment::Final,
///             Err(ErrorKind::ConnectionRefused) => Assessment::NotApplied,
///             Err(_) => Assessment::Ambiguous,
///         }
///     }
///
///     fn repeatable(&self, request: &Request) -> bool {
///         matches!(request, Request::Get)
///     }
///
///     fn clone_request(&self, request: &Request) -> Option<Request> {
///         Some(request.clone())
///     }
/// }
/// # let refused = Error::from(ErrorKind::ConnectionRefused);
/// # assert_eq!(RetryPolicy::<_, (), _>::assess(&Policy, Err(&refused)), Assessment::NotApplied);
/// ```
pub trait RetryPolicy<Req, T, E> {
    /// What became of an attempt. Called for every attempt, on the hot path.
    fn assess(&self, result: Result<&T, &E>) -> Assessment;

    /// Whether the request may be applied twice. Asked after an ambiguous failure, and when a member hangs.
    fn repeatable(&self, request: &Req) -> bool;

    /// Whether applying the request may change anything. One that cannot is never told to have been applied (B33).
    /// Asked only of calls that fail; true by default.
    fn changes(&self, _request: &Req) -> bool {
        true
    }

    /// A copy to repeat the call with; `None` if it is never to be repeated. Called for every attempt, on the hot
    /// path: it must be cheap.
    fn clone_request(&self, request: &Req) -> Option<Req>;

    /// How long the call may take, with all its attempts and waits. None by default.
    #[inline]
    fn deadline(&self, _request: &Req) -> Option<Duration> {
        None
    }
}
