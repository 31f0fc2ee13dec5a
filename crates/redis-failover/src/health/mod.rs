//! Health checks for Redis: services that answer [`tower_failover::Probe`].

mod kept;
mod ping;
mod role;

#[cfg(test)]
mod tests;

pub use ping::PingCheck;
pub use role::RoleCheck;
