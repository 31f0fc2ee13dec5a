//! Health checks for Redis.
//!
//! - [`HealthCheck`]: a check as a configuration names it, built in or one's own
//! - [`Prober`]: how a check asks its database
//! - [`PingCheck`], [`RoleCheck`]: the built-in ones as services that answer [`tower_failover::Probe`]

mod check;
mod kept;
mod ping;
mod prober;
mod role;

#[cfg(test)]
mod tests;

pub use check::{CheckDatabase, HealthCheck};
pub use ping::PingCheck;
pub use prober::Prober;
pub use role::RoleCheck;
