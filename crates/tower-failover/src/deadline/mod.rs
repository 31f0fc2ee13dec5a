//! Deadlines: a hang becomes an outcome.
//!
//! [`DeadlineLayer::new`] alone gives every call a tokio timer. With a [`Sweeper`], one task keeps the time of all
//! calls: each that waits holds a slot, and no call has a timer (a tokio timer costs 59–126 ns a call, a slot about a
//! quarter of that, measured). The sweeper also notices when a member falls silent, and publishes the coarse clock.
//!
//! A deadline is kept to a sweep: as long as sweeps come in time, a call ends between its limit and 50 ms after it.
//! An answer that has arrived is always taken, however late it is noticed, and a stall of this process is charged to
//! nobody (B57).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! use std::time::Duration;
//! use tower::{Layer, ServiceExt};
//! use tower_failover::deadline::{DeadlineError, DeadlineLayer, Sweeper};
//! use tower_failover::{Availability, Events, Suspicion};
//!
//! let sweeper = Sweeper::spawn();
//! let availability = Availability::new("eu-west", Events::default());
//! let deadline = DeadlineLayer::new(Duration::from_millis(500))
//!     .sweeper(&sweeper, &availability, Suspicion::default());
//!
//! let (hangs, _handle) = tower_test::mock::pair::<&str, &str>();
//! # let mut _handle = _handle; _handle.allow(1);
//! let error = deadline.layer(hangs).oneshot("ping").await.unwrap_err();
//! assert_eq!(error.to_string(), "no answer within 500ms");
//! # }
//! ```

mod caller;
mod error;
mod future;
mod in_place;
mod layer;
mod member;
mod slots;
mod sweeper;
mod timeout;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Deref;
use std::task::{Context, Poll};

use tokio::time::Duration;
use tower_service::Service;

use crate::local::Local;
use future::Keeper;
use member::{Lease, Member};
use timeout::Patience;

pub use error::DeadlineError;
pub use future::ResponseFuture;
pub use in_place::InPlace;
pub use layer::{CallsInFlight, DeadlineLayer};
pub use sweeper::Sweeper;
pub use timeout::{Timeout, TimeoutOf, UsualTimeout};

/// A service whose calls end within a limit.
///
/// An `Ok` of the inner service is an answer of the member; an error says nothing about that.
///
/// # Clone
/// Clones watch the same member. A clone allocates once, so that calls of different clones do not wait for each other.
///
/// # Readiness
/// As the inner service. The limit begins when the call first waits, and covers no `poll_ready`.
///
/// # Cancellation
/// Dropping the response future drops the inner call and gives its slot back at once.
#[derive(Clone)]
pub struct Deadline<S, H = UsualTimeout> {
    inner: S,
    limits: Limits<H>,
}

/// How long calls may take, and who keeps their time.
#[derive(Clone)]
struct Limits<H> {
    timeout: Duration,
    timeout_of: H,
    member: Option<Local<Member>>,
}

impl<H> Limits<H> {
    /// A call is about to be made, so that the sweeper's clock is right from here on.
    #[inline]
    fn call_begins(&self) {
        if let Some(member) = &self.member {
            member.call_begins();
        }
    }

    /// How long a call of this request may wait.
    #[inline]
    fn patience<Req>(&self, request: &Req) -> Patience
    where
        H: TimeoutOf<Req>,
    {
        match self.timeout_of.timeout(request) {
            Timeout::Usual => Patience { limit: Some(self.timeout), exempt: false },
            Timeout::Within(limit) => Patience { limit: Some(limit), exempt: false },
            Timeout::Exempt(limit) => Patience { limit, exempt: true },
        }
    }

    /// Who keeps the time of a call that is about to be made. `hold` gives it its hold on the member.
    #[inline]
    fn keeper<'a, M>(&'a self, hold: impl FnOnce(&'a Local<Member>) -> M) -> Keeper<M>
    where
        M: Deref<Target = Member>,
    {
        match &self.member {
            Some(member) => Keeper::Sweeper(Lease::new(hold(member))),
            None => Keeper::Timer(None),
        }
    }
}

impl<S, H, Req> Service<Req> for Deadline<S, H>
where
    S: Service<Req>,
    H: TimeoutOf<Req>,
{
    type Response = S::Response;
    type Error = DeadlineError<S::Error>;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(DeadlineError::Inner)
    }

    #[inline(always)]
    fn call(&mut self, request: Req) -> Self::Future {
        let (patience, keeper) = (self.limits.patience(&request), self.limits.keeper(Local::hold));
        ResponseFuture::new(self.inner.call(request), patience, keeper)
    }
}

impl<S: fmt::Debug, H> fmt::Debug for Deadline<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("inner", &self.inner)
            .field("timeout", &self.limits.timeout)
            .finish_non_exhaustive()
    }
}
