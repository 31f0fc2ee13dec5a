//! A health check, before it is known which databases have it.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::BoxFuture};
use tower_failover::{Check, Health, HealthSettings, Probe, event::Name, health::HealthSettingsError};
use tower_service::Service;

use super::{Prober, ping::ping, role::role};

/// A health check of the user's own (B21). A function will do:
///
/// ```
/// use redis::Value;
/// use redis_failover::health::{HealthCheck, Prober};
/// use tower_failover::{Health, Probe, availability::Evidence};
///
/// async fn takes_writes(database: Prober, probe: Probe) -> Health {
///     let question = redis::cmd("SET").arg("probe").arg(1).take();
///     let judge = |reply: &Value| match reply {
///         Value::Okay => Health::Healthy,
///         _ => Health::Unhealthy(Evidence::Answered("it takes no writes".into())),
///     };
///     database.ask(probe, &question, judge).await
/// }
///
/// let check = HealthCheck::new("takes-writes", takes_writes).without_suspicion();
/// ```
///
/// # Cancellation
///
/// A probe that takes longer than its timeout is dropped, and has failed.
pub trait CheckDatabase: Send + Sync + 'static {
    /// Answers one probe of a database. A panic makes that database unhealthy, and nothing else (B24).
    fn check<'a>(&'a self, database: &'a Prober, probe: Probe) -> BoxFuture<'a, Health>;
}

impl<F, Fut> CheckDatabase for F
where
    F: Fn(Prober, Probe) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Health> + Send + 'static,
{
    fn check<'a>(&'a self, database: &'a Prober, probe: Probe) -> BoxFuture<'a, Health> {
        self(database.clone(), probe).boxed()
    }
}

/// A named health check, for every database whose configuration has it.
///
/// ```
/// use std::time::Duration;
/// use redis_failover::{MultiDbConfig, health::HealthCheck};
/// use tower_failover::HealthSettings;
///
/// let rarely = HealthSettings { interval: Duration::from_secs(30), probes: 1, ..HealthSettings::default() };
/// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?
///     .add_health_check(HealthCheck::role().settings(rarely));
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
///
/// # Clone
///
/// Clones are the same check.
#[derive(Clone)]
pub struct HealthCheck {
    name: Name,
    settings: Option<HealthSettings>,
    tells_life: bool,
    check: Arc<dyn CheckDatabase>,
}

impl HealthCheck {
    /// Asks with `PING`; only `PONG` passes. Every database has it by default (B18).
    #[must_use]
    pub fn ping() -> Self {
        Self::new("ping", |database: Prober, probe: Probe| async move { ping(&database, probe).await })
    }

    /// Asks with `ROLE`; only a `master` passes. For standbys that are read-only until they are promoted (B18).
    #[must_use]
    pub fn role() -> Self {
        Self::new("role", |database: Prober, probe: Probe| async move { role(&database, probe).await })
            .without_suspicion()
    }

    /// A check of one's own, by this name in events and errors.
    #[must_use]
    pub fn new(name: impl Into<Name>, check: impl CheckDatabase) -> Self {
        Self { name: name.into(), settings: None, tells_life: true, check: Arc::new(check) }
    }

    /// Its own interval, probes, delay, timeout and policy, instead of its database's (B19).
    #[must_use]
    pub fn settings(mut self, settings: HealthSettings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// It looks at something beside the database's life (its lag, its role), and is not asked when that is suspected.
    #[must_use]
    pub fn without_suspicion(mut self) -> Self {
        self.tells_life = false;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn own_settings(&self) -> Option<&HealthSettings> {
        self.settings.as_ref()
    }

    pub(crate) fn validate(&self) -> Result<(), HealthSettingsError> {
        self.settings.as_ref().map_or(Ok(()), |settings| settings.validate(&self.name))
    }

    /// The check of the one database that `prober` asks.
    pub(crate) fn of(&self, prober: Prober) -> Check {
        let asked = Asked { check: Arc::clone(&self.check), prober };
        let check = Check::new(Name::clone(&self.name), asked);
        let check = if self.tells_life { check } else { check.without_suspicion() };
        match &self.settings {
            Some(settings) => check.settings(settings.clone()),
            None => check,
        }
    }
}

/// A check, and the one database that it asks.
#[derive(Clone)]
struct Asked {
    check: Arc<dyn CheckDatabase>,
    prober: Prober,
}

impl Service<Probe> for Asked {
    type Response = Health;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, probe: Probe) -> Self::Future {
        let Self { check, prober } = self.clone();
        async move { Ok(check.check(&prober, probe).await) }.boxed()
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
