use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use redis::Value;
use tower_failover::{Health, Probe, availability::Evidence};
use tower_service::Service;

use super::{Prober, kept::unfit};
use crate::connection::role_of;

/// Asks with `ROLE`; only a `master` passes (B18). For standbys that are read-only until they are promoted. Of a cluster
/// the primaries are asked.
///
/// It keeps a connection of its own, as [`PingCheck`](super::PingCheck) does.
///
/// ```
/// use redis_failover::{connection::Endpoint, health::RoleCheck};
/// use tower_failover::Check;
///
/// fn role(endpoint: Endpoint) -> Check {
///     Check::new("role", RoleCheck::new(endpoint)).without_suspicion()
/// }
/// ```
///
/// # Clone
///
/// Clones share the kept connection; of two that probe at once, one dials.
///
/// # Cancellation
///
/// The health checks drop a probe that takes longer than its timeout; its connection is closed with it.
#[derive(Clone, Debug)]
pub struct RoleCheck(Prober);

impl RoleCheck {
    /// Asks the database that this leads to: an [`Endpoint`](crate::connection::Endpoint), or a [`Prober`].
    pub fn new(database: impl Into<Prober>) -> Self {
        Self(database.into())
    }
}

impl Service<Probe> for RoleCheck {
    type Response = Health;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, probe: Probe) -> Self::Future {
        let database = self.0.clone();
        Box::pin(async move { Ok(role(&database, probe).await) })
    }
}

pub(super) async fn role(database: &Prober, probe: Probe) -> Health {
    database.ask_primaries(probe, &redis::cmd("ROLE"), judged).await
}

fn judged(reply: &Value) -> Health {
    match role_of(reply) {
        Some(b"master") => Health::Healthy,
        Some(role) => {
            let said = format!("role:{}", String::from_utf8_lossy(role));
            Health::Unhealthy(Evidence::Answered(said.into()))
        }
        None => unfit(reply),
    }
}
