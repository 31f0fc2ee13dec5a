//! Health checks for Redis.
//!
//! - [`HealthCheck`]: a check as a configuration names it, built in or one's own
//! - [`Prober`]: how a check asks its database
//! - [`PingCheck`], [`RoleCheck`]: the built-in ones as services that answer [`tower_failover::Probe`]
//! - `LagAware` (feature `lag-aware`): asks Redis Enterprise's REST API how far a database is behind
//!
//! # Misconfiguration
//!
//! A wrong user or password, an untrusted certificate and the like
//! ([`Misconfigured`](crate::classify::Misconfigured)) say nothing of the database's life, but whoever has no
//! connection gets none (B14):
//!
//! - While the connection that calls run on answers, a refused dial evicts nothing. The verdict is *unknown*: the
//!   active database stays, another one is not returned to. So a password changed in all regions at once moves nobody.
//! - When calls have no connection and are refused a new one, the database is *unhealthy*, whatever a health check's
//!   own connection still says, and calls move to a database that works. That is so from the start for a database
//!   whose password was always wrong. Without health checks, it is the refused dial itself that says so.
//! - What cannot be reached, or hangs, is so whatever is set up wrongly besides.
//!
//! Each refusal is told with an event and, as long as it lasts, a warning a minute. All dials of the database, be it
//! for calls or checks, are made at one pace then: after 1 s, later after up to 30 s, with credentials
//! [asked for](crate::connection::ProvideCredentials) anew. The first one that is let in ends it.

mod check;
mod kept;
#[cfg(feature = "lag-aware")]
mod lag_aware;
#[cfg(feature = "cluster")]
mod nodes;
mod ping;
mod prober;
mod role;

#[cfg(test)]
mod tests;

pub use check::{CheckDatabase, HealthCheck};
#[cfg(all(fuzzing, feature = "blocking", feature = "cluster", feature = "lag-aware"))]
pub(crate) use lag_aware::fuzz as fuzz_rest;
#[cfg(feature = "lag-aware")]
pub use lag_aware::{LagAware, LagAwareCheck, LagAwareError};
pub use ping::PingCheck;
pub use prober::Prober;
pub use role::RoleCheck;
