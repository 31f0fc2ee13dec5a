//! One active member for all clones, chosen by weight, changed only by events.
//!
//! The choice does not depend on the request, so it is not made in `poll_ready`: one [`Driver`] makes it whenever
//! something happened — with no traffic at all if need be — and publishes it under a new version. A clone reads the
//! version with one load and calls the member it holds. No buffer stands between, and no lock.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tower::{Service, ServiceExt};
//! use tower_failover::balance::{FailoverConfig, WeightedFailoverBalance, fixed};
//! use tower_failover::{Availability, Events, Member, Weight};
//! use tower_test::mock;
//!
//! let events = Events::default();
//! let region = |name: &'static str, weight: f64| {
//!     let (service, mut handle) = mock::pair::<&str, &str>();
//!     tokio::spawn(async move {
//!         while let Some((_request, respond)) = handle.next_request().await {
//!             respond.send_response(name);
//!         }
//!     });
//!     let availability = Availability::new(name, events.clone());
//!     Member::new(service, availability).weight(Weight::new(weight).unwrap())
//! };
//! let members = fixed([region("eu-west", 1.0), region("us-east", 0.5)]);
//! let mut balance = WeightedFailoverBalance::new(members, FailoverConfig::default())?;
//!
//! assert_eq!(balance.ready().await.unwrap().call("who are you?").await.unwrap(), "eu-west");
//!
//! balance.handle().drain("eu-west", None).await?;
//! assert_eq!(balance.ready().await.unwrap().call("who are you?").await.unwrap(), "us-east");
//! # Ok(()) }
//! ```

mod active;
mod changing;
mod config;
mod contained;
mod driver;
mod error;
mod future;
mod handle;
mod in_place;
#[cfg(all(test, failover_loom))]
mod loom;
mod member;
mod members;
mod outage;
mod reminder;
mod select;
mod snapshot;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::futures::OwnedNotified;
use tokio::sync::mpsc;
use tower::BoxError;
use tower::discover::Discover;
use tower_service::Service;

use active::{Absence, Published, Shared};

pub use active::ActiveRoute;
pub use changing::{ChangingMembers, MemberSender, changing};
pub use config::{FailoverConfig, InvalidFailoverConfig};
pub use driver::Driver;
pub use error::FailoverError;
pub use future::ResponseFuture;
pub use handle::{FailoverHandle, ManageError};
pub use in_place::InPlace;
pub use member::{InvalidWeight, Member, Weight, fixed};
pub use outage::OutageStatus;
pub use select::{Candidate, HighestWeight, Strategy};
pub use snapshot::{MemberSnapshot, Snapshot, Switch};

/// A service that calls the active one of several members.
///
/// # Clone
/// Clones share one active member and are free: a clone holds no service until it is first asked for readiness.
/// Readiness is not cloned.
///
/// # Readiness
/// Ready when the active member is; a change of the active member while a clone waits is noticed at once. With no
/// member available the balance is ready, and the call answers [`FailoverError::TemporarilyUnavailable`] — or waits
/// for `wait_for_member` first. A call made ready on one member runs on the new one if it moved in between (B6). An
/// error of a member's `poll_ready` is passed on, and the next look asks a fresh clone of it.
///
/// # Cancellation
/// Dropping the response future drops the member's; nothing else is left behind.
pub struct WeightedFailoverBalance<S> {
    shared: Arc<Shared<S>>,
    /// The version that `service` belongs to; 0 for none.
    version: u64,
    service: Option<S>,
    /// Set while the member is not ready: wakes this clone if another is chosen.
    changed: Option<Pin<Box<OwnedNotified>>>,
}

impl<S> WeightedFailoverBalance<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// A balance over what `discover` yields, with its [`Driver`] spawned.
    ///
    /// # Errors
    /// [`InvalidFailoverConfig`] for a setting that cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new<D>(discover: D, config: FailoverConfig) -> Result<Self, InvalidFailoverConfig>
    where
        D: Discover<Service = Member<S>> + Send + 'static,
        D::Key: Clone + Send + Sync,
        D::Error: Into<BoxError>,
    {
        let (balance, driver) = Self::pair(discover, config)?;
        tokio::spawn(driver);
        Ok(balance)
    }

    /// A balance and its driver, which the caller must run. Calls wait for the driver's first choice; if it is
    /// dropped they answer [`FailoverError::DriverGone`].
    ///
    /// # Errors
    /// [`InvalidFailoverConfig`] for a setting that cannot be used.
    pub fn pair<D>(discover: D, config: FailoverConfig) -> Result<(Self, Driver), InvalidFailoverConfig>
    where
        D: Discover<Service = Member<S>> + Send + 'static,
        D::Key: Clone + Send + Sync,
        D::Error: Into<BoxError>,
    {
        config.validate()?;
        let (orders, received) = mpsc::channel(16);
        let shared = Arc::new(Shared::new(config.wait_for_member, orders));
        let driver = Driver::new(discover, config, received, &shared);
        Ok((Self { shared, version: 0, service: None, changed: None }, driver))
    }
}

impl<S> WeightedFailoverBalance<S> {
    /// The handle by which people look and steer. It does not keep the balance alive.
    #[must_use]
    pub fn handle(&self) -> FailoverHandle {
        FailoverHandle::new(&self.shared.orders, Arc::clone(&self.shared.active))
    }

    /// Where calls go, for a [`Retry`](crate::Retry) above.
    #[must_use]
    pub fn route(&self) -> ActiveRoute {
        ActiveRoute(Arc::clone(&self.shared.active))
    }

    fn absence(&self) -> Option<Absence> {
        match self.shared.read().1 {
            Published::Member(_) => None,
            Published::Nobody(absence) => Some(absence),
        }
    }
}

impl<S: Clone> WeightedFailoverBalance<S> {
    /// A call that was made ready on a member that serves no more. What was reserved there is given back.
    #[cold]
    fn follow<Request>(&mut self, request: Request) -> ResponseFuture<S, Request>
    where
        S: Service<Request>,
    {
        self.version = 0;
        self.service = None;
        ResponseFuture::moved(self.clone(), request)
    }

    #[cold]
    fn refresh(&mut self) {
        let (version, published) = self.shared.read();
        self.version = version;
        self.service = match published {
            Published::Member(service) => Some(S::clone(&service)),
            Published::Nobody(_) => None,
        };
    }
}

impl<S, Request> Service<Request> for WeightedFailoverBalance<S>
where
    S: Service<Request> + Clone,
{
    type Response = S::Response;
    type Error = FailoverError<S::Error>;
    type Future = ResponseFuture<S, Request>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        loop {
            if self.version != self.shared.active.version() {
                self.refresh();
            }
            let Some(service) = &mut self.service else { return Poll::Ready(Ok(())) };
            match service.poll_ready(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => {
                    self.version = 0;
                    return Poll::Ready(Err(FailoverError::Inner(error)));
                }
                Poll::Pending => {
                    let active = &self.shared.active;
                    let changed = self.changed.get_or_insert_with(|| Box::pin(active.changed()));
                    if changed.as_mut().poll(context).is_ready() {
                        self.changed = None;
                    } else if self.version == active.version() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn call(&mut self, request: Request) -> Self::Future {
        match &mut self.service {
            Some(service) if self.version == self.shared.active.version() => {
                ResponseFuture::running(service.call(request))
            }
            _ => self.follow(request),
        }
    }
}

impl<S> Clone for WeightedFailoverBalance<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), version: 0, service: None, changed: None }
    }
}

impl<S> fmt::Debug for WeightedFailoverBalance<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeightedFailoverBalance").field("version", &self.shared.active.version()).finish()
    }
}
