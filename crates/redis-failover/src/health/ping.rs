use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use redis::Value;
use tower_failover::{Health, Probe};
use tower_service::Service;

use super::{Prober, kept::unfit};

/// Asks with `PING`; only `PONG` passes (B18).
///
/// It has a connection of its own, dialled as those of commands are, and keeps it from one probe to the next.
/// A lost one, or one that is silent for half of the probe's time, is dialled anew within the same probe, and only
/// a failure there counts (B17).
///
/// ```
/// use redis_failover::{connection::Endpoint, health::PingCheck};
/// use tower_failover::Check;
///
/// fn ping(endpoint: Endpoint) -> Check {
///     Check::new("ping", PingCheck::new(endpoint))
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
pub struct PingCheck(Prober);

impl PingCheck {
    /// Asks the database that this leads to: an [`Endpoint`](crate::connection::Endpoint), or a [`Prober`].
    pub fn new(database: impl Into<Prober>) -> Self {
        Self(database.into())
    }
}

impl Service<Probe> for PingCheck {
    type Response = Health;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, probe: Probe) -> Self::Future {
        let database = self.0.clone();
        Box::pin(async move { Ok(ping(&database, probe).await) })
    }
}

pub(super) async fn ping(database: &Prober, probe: Probe) -> Health {
    database.ask(probe, &redis::cmd("PING"), judged).await
}

fn judged(reply: &Value) -> Health {
    match reply {
        Value::SimpleString(said) if said == "PONG" => Health::Healthy,
        _ => unfit(reply),
    }
}
