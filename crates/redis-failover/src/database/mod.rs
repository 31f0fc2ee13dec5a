//! One database's stack: breaker, detector, deadline, connection — and the tasks that belong to it.
//!
//! Blocking commands leave it below the breaker, for connections of their own; transactions are all on such.

mod apart;
mod beside;
mod ground;
mod health;
mod list;
mod open_database;

use std::error::Error;
use std::time::Duration;

use tower_failover::deadline::{Timeout, TimeoutOf};
use tower_failover::health::Pace;
use tower_failover::{
    Availability, CircuitBreaker, CircuitBreakerLayer, CircuitError, Deadline, DeadlineError, DeadlineLayer,
    FailoverConfig, FailureDetector, FailureDetectorLayer, Member, Sweeper,
};
use tower_layer::Layer;

use crate::command::{Blocking, Command};
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig, weight};
use crate::connection::{ConnectionError, Leaf};
use crate::cursor::CursorTag;
use crate::reply::{Classified, RedisOutcome};
use apart::Apart;
use ground::{Ground, StandaloneLeaf, ground};
use health::Health;

pub(crate) use beside::Beside;
pub(crate) use list::Databases;
pub(crate) use open_database::OpenDatabase;

/// What a call to one database fails with.
pub type DatabaseError = CircuitError<DeadlineError<ConnectionError>>;

/// What a call to one database passes through. Its type has a name, so that nothing has to be in a box to be called.
pub(crate) type DatabaseStack = CircuitBreaker<Apart<Watched<Classified<Leaf<StandaloneLeaf>>>>>;

/// Under a failure detector's eyes, and within a deadline.
type Watched<S> = FailureDetector<Deadline<S, CommandTimeout>, RedisOutcome>;

/// Blocking commands are silent for as long as they were asked to be; all others have the usual limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommandTimeout;

impl TimeoutOf<Command<'_>> for CommandTimeout {
    #[inline]
    fn timeout(&self, command: &Command<'_>) -> Timeout {
        match command.blocking() {
            None => Timeout::Usual,
            Some(Blocking::For(limit)) => Timeout::Exempt(Some(limit.saturating_add(GRACE))),
            Some(_) => Timeout::Exempt(None),
        }
    }
}

/// How much longer than it blocks a blocking command may take: the usual response timeout.
const GRACE: Duration = Duration::from_millis(500);

/// Builds a database's stack and starts its tasks. The user's own failure detectors are still to be added.
pub(crate) fn open(
    config: &DatabaseConfig,
    all: &MultiDbConfig,
    cursor_tag: CursorTag,
    sweeper: &Sweeper,
    pace: &Pace,
) -> Result<(Member<DatabaseStack>, OpenDatabase), ConfigError> {
    let name = config.name_or_address();
    let options = config.options(&all.options);
    let invalid = |option: &'static str, error: &dyn Error| ConfigError::DatabaseOption {
        database: name.clone(),
        option,
        reason: error.to_string(),
    };
    let FailoverConfig { events, chance, .. } = all.failover();
    let availability = Availability::new(name.as_str(), events);
    let circuit =
        config.circuit_of(&availability, options.circuit()).map_err(|error| invalid("circuit", &error))?;
    let thresholds = options.thresholds().map_err(|error| invalid("failure_rate_threshold", &error))?;
    let suspicion = options.suspicion();

    let Ground { leaf, prober, dedicated, source, connected, tasks } =
        ground(config, &options, cursor_tag, &availability, &chance)?;
    #[cfg(feature = "lag-aware")]
    let lag_aware = config.lag_aware_check(all)?;
    #[cfg(not(feature = "lag-aware"))]
    let lag_aware = None;
    let health = Health::new(prober, lag_aware, chance, pace.clone());
    #[cfg(feature = "metrics")]
    let health = health.measured(all.metrics.clone());
    let watch = health.watch(&options, &availability).map_err(|error| invalid("health_checks", &error))?;

    let mut detector = FailureDetectorLayer::new(availability.clone())
        .thresholds(thresholds)
        .classify(RedisOutcome)
        .clock(sweeper.clock())
        .unserviceable_after(options.unserviceable_after())
        .probation(options.grace_period())
        // Connection and deadline raise suspicion themselves; a reply is no reason for it.
        .suspect_on_failure(false);
    if let Some(kinds) = options.failure_kinds() {
        detector = detector.only(kinds);
    }
    if !suspicion.is_off() {
        detector = detector.abandoned_after(suspicion.after);
    }
    let detectors = detector.detectors();
    let deadline = DeadlineLayer::new(options.response_timeout())
        .sweeper(sweeper, &availability, suspicion)
        .timeout_of(CommandTimeout);
    let calls = deadline.calls();
    let connection = Classified::new(leaf).watching(detector.watched_kinds());
    let beside = Beside::new(detectors.clone(), detector.watched_kinds());
    let shared = detector.layer(deadline.layer(connection));
    let apart = Apart { shared, beside: beside.clone(), dedicated: dedicated.clone() };
    let stack = CircuitBreakerLayer::new(circuit.clone()).layer(apart);

    let member = Member::new(stack, availability).weight(weight(&name, config.weight)?);
    let longest_call = options.response_timeout();
    let database = OpenDatabase {
        health,
        watch,
        ground: tasks,
        circuit,
        detectors,
        calls,
        longest_call,
        dedicated,
        beside,
        source,
        connected,
    };
    Ok((member, database))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b49_waits_that_add_up_to_more_than_all_time_do_not_overflow() {
        let mut pipeline = redis::pipe();
        for _ in 0..2 {
            pipeline.cmd("BLPOP").arg("list").arg("1e19");
        }
        let timeout = CommandTimeout.timeout(&Command::from(pipeline));
        assert!(matches!(timeout, Timeout::Exempt(Some(limit)) if limit > Duration::from_secs(1 << 60)));
    }
}
