//! The lag-aware check: asks Redis Enterprise's REST API how far a database is behind (B25–B27).
//!
//! - [`LagAware`]: the settings; `base_url` reads the API's URL
//! - [`LagAwareCheck`]: the check itself; `rest` asks over HTTPS
//! - `matching` (pure): which of the cluster's databases is ours
//! - `judge` (pure): what the answers mean

mod base_url;
mod config;
mod error;
mod judge;
mod matching;
mod rest;

#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::time::timeout;
use tower_failover::{Health, Probe};
use tower_service::Service;

pub use config::LagAware;
pub use error::LagAwareError;

use crate::connection::Address;
use judge::{RestError, Said};
use matching::Seed;
use rest::Rest;

/// Asks the REST API of a Redis Enterprise cluster whether one of its databases is available, and how far it is
/// behind the others of its Active-Active group.
///
/// The database is found in `GET /v1/bdbs` by its endpoint's name, else by an address of it, and asked after with
/// `GET /v1/bdbs/{uid}/availability?extend_check=lag&availability_lag_tolerance_ms=N`. The uid is kept until
/// anything goes wrong. What cannot be found out is [`Health::Unknown`]: it evicts nothing.
///
/// [`LagAware::check`] makes a check of it, with settings that spare the API:
///
/// ```
/// use redis_failover::{connection::Address, health::LagAware};
/// use tower_failover::Check;
///
/// fn lag_aware() -> Result<Check, redis_failover::health::LagAwareError> {
///     let settings = LagAware::new().auth_basic("monitor@example.com", "secret").fallback_only(true);
///     settings.check("https://cluster.example.com", [Address::tcp("redis-12000.cluster.example.com", 12000)])
/// }
/// ```
///
/// # Clone
///
/// Clones share the connection to the API and the uid.
///
/// # Cancellation
///
/// A probe may be dropped at any time. It answers within its own timeout, or [`LagAware::timeout`] if that is less.
#[derive(Clone)]
pub struct LagAwareCheck(Arc<Shared>);

struct Shared {
    rest: Rest,
    seeds: Vec<Seed>,
    tolerance: Duration,
    timeout: Duration,
    fallback_only: bool,
    uid: Mutex<Option<u64>>,
}

impl LagAwareCheck {
    /// Asks at `health_check_url` after the database with these addresses: one, or all seeds of a cluster.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn new(
        settings: &LagAware,
        health_check_url: &str,
        addresses: impl IntoIterator<Item = Address>,
    ) -> Result<Self, LagAwareError> {
        settings.validate()?;
        let seeds = matching::seeds(addresses)?;
        Ok(Self(Arc::new(Shared {
            rest: Rest::new(settings, health_check_url)?,
            seeds,
            tolerance: settings.lag_aware_tolerance,
            timeout: settings.timeout,
            fallback_only: settings.fallback_only,
            uid: Mutex::new(None),
        })))
    }
}

impl Service<Probe> for LagAwareCheck {
    type Response = Health;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, probe: Probe) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { Ok(shared.look(probe.timeout).await) })
    }
}

impl Shared {
    /// Gives up before the probe does: an API that says nothing says nothing of the database.
    async fn look(&self, limit: Duration) -> Health {
        let limit = self.timeout.min(limit.mul_f64(0.9));
        let said = timeout(limit, self.ask()).await.unwrap_or(Err(RestError::TimedOut(limit)));
        if said.is_err() {
            *self.uid() = None;
        }
        judge::health(said, self.fallback_only, self.rest.place())
    }

    async fn ask(&self) -> Result<Said, RestError> {
        let known = *self.uid();
        if let Some(uid) = known {
            match self.availability(uid).await {
                // It may have been made anew, with another uid.
                Err(RestError::NoSuchDatabase) => {}
                said => return said,
            }
        }
        let listed = self.rest.get("/v1/bdbs", "fields=uid,endpoints").await?;
        let uid = matching::find(&judge::listed(listed)?, &self.seeds)?;
        let said = self.availability(uid).await?;
        *self.uid() = Some(uid);
        Ok(said)
    }

    async fn availability(&self, uid: u64) -> Result<Said, RestError> {
        let path = format!("/v1/bdbs/{uid}/availability");
        let tolerance = self.tolerance.as_millis();
        let query = format!("extend_check=lag&availability_lag_tolerance_ms={tolerance}");
        judge::available(&self.rest.get(&path, &query).await?)
    }

    fn uid(&self) -> MutexGuard<'_, Option<u64>> {
        self.uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LagAwareCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LagAwareCheck")
            .field("api", &self.0.rest.place())
            .field("seeds", &self.0.seeds)
            .field("tolerance", &self.0.tolerance)
            .field("fallback_only", &self.0.fallback_only)
            .finish_non_exhaustive()
    }
}

/// Whatever the API answers, as its list and of one database, it means something or nothing.
#[cfg(all(fuzzing, feature = "blocking", feature = "cluster", feature = "lag-aware"))]
pub(crate) fn fuzz(status: u16, body: &[u8]) {
    let answer = || judge::Answer { status, body: body.to_vec() };
    let address = Address::from(&redis::ConnectionAddr::Tcp("127.0.0.1".into(), 6379));
    if let (Ok(databases), Ok(seeds)) = (judge::listed(answer()), matching::seeds([address])) {
        let _ = matching::find(&databases, &seeds);
    }
    for fallback_only in [false, true] {
        let health = judge::health(judge::available(&answer()), fallback_only, "the api");
        assert!(status == 200 || !matches!(health, Health::Healthy));
    }
}
