//! Client-side geographic failover for Redis.
//!
//! # Layout
//!
//! - [`client`]: [`MultiDbClient`], several databases as one redis-rs connection
//! - [`adapter`]: a redis-rs connection over any stack that is composed with `ServiceBuilder`
//! - [`config`]: which databases there are, and when one is left for another
//! - [`database`]: what calls to one database pass through
//! - [`command`]: one Redis call as a Tower request, and what is known of each command
//! - [`reply`] and [`classify`]: what a reply or an error says about the database
//! - [`retry`]: which commands are repeated after which failures
//! - [`connection`]: from an address to a stream of bytes, and the connection that redials by itself
//! - [`health`]: health checks
//! - [`cursor`]: scan cursors that carry the database which issued them
//! - [`error`]: the one error, and its way through redis-rs's

pub mod adapter;
pub mod classify;
pub mod client;
pub mod command;
pub mod config;
pub mod connection;
pub mod cursor;
pub mod database;
pub mod error;
pub mod health;
pub mod reply;
pub mod retry;

pub use adapter::StackConnection;
pub use client::MultiDbClient;
pub use command::{CallOptions, Command, RetrySafety};
pub use config::{ConfigError, DatabaseConfig, InitialHealthCheckPolicy, MultiDbConfig};
#[cfg(feature = "tls-no-provider")]
pub use connection::Tls;
pub use error::Error;
pub use redis;
pub use tower_failover::{Event, EventStream, Events, FailoverHandle, Suspicion};
