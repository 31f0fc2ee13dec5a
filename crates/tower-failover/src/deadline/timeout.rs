//! Which limit a request has.

use tokio::time::Duration;

/// The limit of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timeout {
    /// The layer's own.
    #[default]
    Usual,
    /// Another one.
    Within(Duration),
    /// Another one, or none, for a request that is meant to be silent for long, such as a blocking pop: it raises
    /// no suspicion (B17).
    Exempt(Option<Duration>),
}

/// How long a call may wait: its [`Timeout`], in view of the layer's own.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) limit: Option<Duration>,
    /// Whether its silence says nothing.
    pub(super) exempt: bool,
}

/// Says which limit a request has.
///
/// Implemented by functions:
///
/// ```
/// use std::time::Duration;
/// use tower_failover::deadline::{Timeout, TimeoutOf};
///
/// enum Request { Get, BlockingPop { wait: Duration } }
///
/// fn timeout_of(request: &Request) -> Timeout {
///     match request {
///         Request::Get => Timeout::Usual,
///         Request::BlockingPop { wait } => Timeout::Exempt(Some(*wait + Duration::from_millis(500))),
///     }
/// }
///
/// let wait = Duration::from_secs(5);
/// assert_eq!(timeout_of.timeout(&Request::Get), Timeout::Usual);
/// assert_eq!(
///     timeout_of.timeout(&Request::BlockingPop { wait }),
///     Timeout::Exempt(Some(Duration::from_millis(5500))),
/// );
/// ```
pub trait TimeoutOf<Req: ?Sized> {
    /// Called on the way of every call: when it is made; if that is in place, when it first waits, and perhaps again. It
    /// must say the same of one request each time.
    fn timeout(&self, request: &Req) -> Timeout;
}

impl<Req: ?Sized, F> TimeoutOf<Req> for F
where
    F: Fn(&Req) -> Timeout,
{
    #[inline]
    fn timeout(&self, request: &Req) -> Timeout {
        self(request)
    }
}

/// The default [`TimeoutOf`]: every request has the layer's own limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsualTimeout;

impl<Req: ?Sized> TimeoutOf<Req> for UsualTimeout {
    #[inline]
    fn timeout(&self, _request: &Req) -> Timeout {
        Timeout::Usual
    }
}
