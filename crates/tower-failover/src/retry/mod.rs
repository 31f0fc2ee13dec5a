//! Retry: a call survives what the failover needs time for.
//!
//! [`Retry`] repeats failed calls as its [`RetryPolicy`] allows and knows the [`Route`]: a repeat waits, with full
//! jitter, until calls go to another member, and is then made at once (B31). While the member is under suspicion,
//! the repeat waits for the verdict instead of being spent. Repeats on the same member have a budget (B34), so that
//! a member in trouble is not made worse.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! use tower::{BoxError, Layer, ServiceExt};
//! use tower_failover::retry::{Assessment, RetryLayer, RetryPolicy};
//! use tower_test::mock;
//!
//! /// Repeats whatever failed, as long as it is a GET.
//! #[derive(Clone)]
//! struct Gets;
//!
//! impl RetryPolicy<&'static str, &'static str, BoxError> for Gets {
//!     fn assess(&self, result: Result<&&'static str, &BoxError>) -> Assessment {
//!         if result.is_ok() { Assessment::Final } else { Assessment::Ambiguous }
//!     }
//!     fn repeatable(&self, request: &&'static str) -> bool {
//!         request.starts_with("GET")
//!     }
//!     fn clone_request(&self, request: &&'static str) -> Option<&'static str> {
//!         Some(*request)
//!     }
//! }
//!
//! let (service, mut handle) = mock::pair::<&str, &str>();
//! let layer = RetryLayer::new(Gets);
//! let retry = layer.layer(service);
//!
//! tokio::spawn(async move {
//!     let (_get, respond) = handle.next_request().await.unwrap();
//!     respond.send_error("connection reset");
//!     let (_repeated, respond) = handle.next_request().await.unwrap();
//!     respond.send_response("42");
//!     let (_incr, respond) = handle.next_request().await.unwrap();
//!     respond.send_error("connection reset");
//! });
//! assert_eq!(retry.clone().oneshot("GET visits").await.unwrap(), "42");
//! assert_eq!(layer.counters().retries(), 1);
//!
//! let error = retry.oneshot("INCR visits").await.unwrap_err();
//! assert!(error.may_have_been_applied());
//! # }
//! ```

mod budget;
mod counters;
mod error;
mod future;
mod in_place;
mod layer;
mod policy;
mod wait;

#[cfg(test)]
mod tests;

use std::fmt;
use std::task::{Context, Poll, ready};

use tower_service::Service;

use crate::aggregate::Aggregate;
use crate::chance::Chance;
use crate::local::Local;
use crate::route::Route;
use budget::{Budget, Calls};

pub use counters::RetryCounters;
pub use error::RetryError;
pub use future::ResponseFuture;
pub use in_place::InPlace;
pub use layer::{RetryLayer, RetrySettings};
pub use policy::{Assessment, RetryPolicy};

/// A service that repeats failed calls.
///
/// # Clone
/// Clones share policy, route, budget and counters. A clone allocates once, so that its calls count references where no
/// other clone does: give each task one. All repeats are made on clones of the service as it was when the layer was
/// applied, so a `Retry` that is to be sent between threads needs an inner service that is `Sync`.
///
/// # Readiness
/// As the inner service: the first attempt runs on the very service that was polled ready, each repeat on a clone
/// of its own that it polls ready first.
///
/// # Cancellation
/// Dropping the response future drops the attempt that runs. Nothing is repeated after that.
pub struct Retry<P, S, R = ()> {
    inner: S,
    shared: Local<Shared<P, S, R>>,
    calls: Calls,
}

/// What all clones share.
struct Shared<P, S, R> {
    policy: P,
    route: R,
    /// Never polled: a clone of it is ready for nothing yet.
    pristine: S,
    settings: RetrySettings,
    budget: Budget,
    chance: Chance,
    refusals: Aggregate,
    counters: RetryCounters,
}

impl<P, S, R, Req> Service<Req> for Retry<P, S, R>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req> + Clone,
    R: Route,
{
    type Response = S::Response;
    type Error = RetryError<S::Error>;
    type Future = ResponseFuture<P, S, R, Req>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Without touching the error's room on the way of every call, as `map_err` does.
        match ready!(self.inner.poll_ready(context)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(RetryError::Failed { error, may_have_been_applied: false })),
        }
    }

    #[inline(always)]
    fn call(&mut self, request: Req) -> Self::Future {
        self.calls.count(&self.shared.budget);
        ResponseFuture::start(&mut self.inner, self.shared.hold(), request)
    }
}

impl<P, S: Clone, R> Clone for Retry<P, S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: self.shared.clone(), calls: Calls::default() }
    }
}

impl<P, S, R> Drop for Retry<P, S, R> {
    fn drop(&mut self) {
        self.calls.tell(&self.shared.budget);
    }
}

impl<P, S: fmt::Debug, R> fmt::Debug for Retry<P, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
