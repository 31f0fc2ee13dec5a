//! One database's stack: breaker, detector, deadline, connection — and the tasks that belong to it.

use tower_failover::deadline::{Timeout, TimeoutOf};
use tower_failover::health::HealthWatch;
use tower_failover::{
    Availability, Check, Circuit, CircuitBreakerLayer, CircuitError, DeadlineError, DeadlineLayer,
    FailureDetectorLayer, HealthPlan, Member, Sweeper,
};
use tower_layer::Layer;
use tower_service::Service;

use crate::command::{Blocking, Command};
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig, weight};
use crate::connection::{Connection, ConnectionError, Endpoint, Link, LinkSettings};
use crate::cursor::CursorTag;
use crate::health::PingCheck;
use crate::reply::{Classified, RedisOutcome, Reply};

/// What a call to one database fails with.
pub type DatabaseError = CircuitError<DeadlineError<ConnectionError>>;

/// Blocking commands are silent for as long as they were asked to be; all others have the usual limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommandTimeout;

impl TimeoutOf<Command<'_>> for CommandTimeout {
    #[inline]
    fn timeout(&self, command: &Command<'_>) -> Timeout {
        match command.blocking() {
            None => Timeout::Usual,
            Some(Blocking::For(limit)) => Timeout::Exempt(Some(limit + GRACE)),
            Some(_) => Timeout::Exempt(None),
        }
    }
}

/// How much longer than it blocks a blocking command may take: the usual response timeout.
const GRACE: std::time::Duration = std::time::Duration::from_millis(500);

/// The tasks of a database; they end when this is dropped.
pub(crate) struct Tasks {
    _health: Option<HealthWatch>,
    _link: Link,
}

/// Builds a database's stack and starts its tasks.
pub(crate) fn open(
    config: &DatabaseConfig,
    all: &MultiDbConfig,
    cursor_tag: CursorTag,
    sweeper: &Sweeper,
) -> Result<
    (
        Member<
            impl for<'a> Service<Command<'a>, Response = Reply, Error = DatabaseError, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        >,
        Tasks,
    ),
    ConfigError,
> {
    let name = config.name_or_address();
    let option = |option: &'static str| {
        let database = name.clone();
        move |reason: String| ConfigError::DatabaseOption { database, option, reason }
    };
    let chance = all.failover.chance.clone();
    let availability = Availability::new(name.as_str(), all.failover.events.clone());
    let circuit = Circuit::new(availability.clone(), config.circuit(all))
        .map_err(|error| option("grace_period")(error.to_string()))?;
    let endpoint = Endpoint::new(config.info.clone(), config.connect()?, all.connect_timeout);

    let health = if config.health_checks {
        let checks = [Check::new("ping", PingCheck::new(endpoint.clone()))];
        #[cfg(feature = "lag-aware")]
        let checks = {
            let lag_aware = all.lag_aware.as_ref().map(|lag_aware| config.lag_aware_check(lag_aware));
            checks.into_iter().chain(lag_aware.transpose()?)
        };
        let plan = HealthPlan::new(checks)
            .settings(all.health.clone())
            .suspicion(all.suspicion)
            .chance(chance.clone());
        Some(plan.watch(&availability).map_err(|error| option("health_check")(error.to_string()))?)
    } else {
        None
    };

    let settings = LinkSettings { redial_spread: all.redial_spread, ..LinkSettings::new(cursor_tag) };
    let (connection, link) = Connection::open(endpoint, settings, availability.clone(), chance);
    let detector = FailureDetectorLayer::new(availability.clone())
        .thresholds(all.thresholds()?)
        .classify(RedisOutcome)
        .clock(sweeper.clock())
        // Connection and deadline raise suspicion themselves; a reply is no reason for it.
        .suspect_on_failure(false);
    let deadline = DeadlineLayer::new(config.timeout(all))
        .sweeper(sweeper, &availability, all.suspicion)
        .timeout_of(CommandTimeout);
    let stack =
        CircuitBreakerLayer::new(circuit).layer(detector.layer(deadline.layer(Classified(connection))));

    let member = Member::new(stack, availability).weight(weight(&name, config.weight)?);
    Ok((member, Tasks { _health: health, _link: link }))
}
