//! Health checks for Redis: services that answer [`tower_failover::Probe`].

mod kept;
#[cfg(feature = "lag-aware")]
mod lag_aware;
mod ping;
mod role;

#[cfg(test)]
mod tests;

#[cfg(feature = "lag-aware")]
pub use lag_aware::{LagAware, LagAwareCheck, LagAwareError};
pub use ping::PingCheck;
pub use role::RoleCheck;
