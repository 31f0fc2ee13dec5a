//! Every name, in one place: metrics, labels and the values of the gauges that stand for states.

use metrics::Unit;

/// How a metric is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sum that only grows.
    Counter,
    /// A value now.
    Gauge,
    /// A distribution.
    Histogram,
}

/// A metric: what a recorder is told of it before anything is recorded.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// How it is recorded.
    pub kind: Kind,
    /// In which unit.
    pub unit: Unit,
    /// What it says.
    pub text: &'static str,
}

macro_rules! metrics {
    ($($name:ident = $value:literal, $kind:ident in $unit:ident: $text:literal;)+) => {
        $(#[doc = $text] pub const $name: &str = $value;)+

        /// All of them, with their descriptions.
        pub const ALL: &[Description] = &[
            $(Description { name: $name, kind: Kind::$kind, unit: Unit::$unit, text: $text },)+
        ];
    };
}

metrics! {
    FAILOVERS = "redis.client.geofailover.failovers", Counter in Count:
        "Changes of the active database, by who served, who serves, and why; the first choice is none.";
    FAILOVER_DURATION = "redis.client.geofailover.failover.duration", Histogram in Seconds:
        "From the first sign of a failure to the switch that it led to; labelled as the failovers are.";
    OUTAGES = "redis.client.geofailover.outages", Counter in Count:
        "How often no database was available.";
    ACTIVE = "redis.client.geofailover.active", Gauge in Count:
        "1 for the database that serves, else 0.";
    PREFERRED = "redis.client.geofailover.preferred", Gauge in Count:
        "1 for the database that should serve: the one chosen by hand, else the heaviest that is not drained.";
    AVAILABLE = "redis.client.geofailover.available", Gauge in Count:
        "1 for a database that could serve, as its circuit and its health checks say, else 0.";
    CIRCUIT = "redis.client.geofailover.circuit", Gauge in Count:
        "The state of a database's circuit: 0 closed, 1 half-open, 2 open.";
    VERDICT = "redis.client.geofailover.verdict", Gauge in Count:
        "What a database's health checks last said: 0 unknown, 1 healthy, 2 not preferred, 3 unhealthy.";
    WEIGHT = "redis.client.geofailover.weight", Gauge in Count:
        "A database's weight; 0 once it was removed or the client has ended.";
    CONNECTIONS = "redis.client.geofailover.connections", Gauge in Count:
        "Open connections to a database: for commands, health checks, subscribers, and those a call has to itself.";
    NON_PREFERRED = "redis.client.geofailover.non_preferred.seconds", Counter in Seconds:
        "How long a database has served although another one was preferred.";
    FAILED_CALLS = "redis.client.geofailover.failed_calls", Counter in Count:
        "Attempts that failed on a database; some are missed while events come faster than they are read.";
    RETRIES = "redis.client.geofailover.retries", Counter in Count:
        "Attempts that failed on a database and were repeated, there or on another one.";
    REFUSED_RETRIES = "redis.client.geofailover.refused_retries", Counter in Count:
        "Repeats that the retry budget refused.";
    AMBIGUOUS_FAILURES = "redis.client.geofailover.ambiguous_failures", Counter in Count:
        "Attempts that failed on a database and may have been applied.";
    ENDED_CALLS = "redis.client.geofailover.ended_calls", Counter in Count:
        "Attempts that hung on a database, were ended, and ran again on another one.";
    PROBE_DURATION = "redis.client.geofailover.probe.duration", Histogram in Seconds:
        "How long a probe took to be answered, or until its timeout, by its check and by what it found.";
    OPERATION_DURATION = "db.client.operation.duration", Histogram in Seconds:
        "How long a call took with all its attempts, by the database that was active when it ended, its kind, and how it failed if it did.";
}

/// Label: a database's name, as in the configuration; [`NO_DATABASE`] where there is none.
pub const DATABASE: &str = "db.client.geofailover.database";
/// Label: who served before.
pub const FAIL_FROM: &str = "db.client.geofailover.fail_from";
/// Label: who serves now.
pub const FAIL_TO: &str = "db.client.geofailover.fail_to";
/// Label: `automatic`, or `manual` where a person made the choice.
pub const REASON: &str = "db.client.geofailover.reason";
/// Label: `HealthCheck`, `Suspicion`, `CircuitBreaker`, `Unserviceable`, `Fallback`, `Manual`, `Weight`, `Removed`,
/// `Drained` or `Drill`; `Other` for a reason that has no name here yet.
pub const REASON_DETAIL: &str = "db.client.geofailover.reason_detail";
/// Label: a health check's name.
pub const CHECK: &str = "db.client.geofailover.check";
/// Label: what a probe found: `healthy`, `not_preferred`, `unhealthy` or `unknown`.
pub const PROBE_VERDICT: &str = "db.client.geofailover.probe_verdict";
/// Label: `command`, `pipeline`, or `blocking` for what waits on purpose.
pub const OPERATION_KIND: &str = "db.client.geofailover.operation_kind";
/// Label: the name of the [`Error`](crate::Error) a call ended with, or `ServerError` for an error reply.
pub const ERROR_TYPE: &str = "error.type";
/// Label: always `redis`.
pub const SYSTEM: &str = "db.system.name";

/// In the place of a database's name.
pub const NO_DATABASE: &str = "none";
