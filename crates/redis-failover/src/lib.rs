//! Client-side geographic failover for Redis: several databases, used as one redis-rs connection. The best one that
//! is available serves; when it dies, commands go to the next, and when it is well again, they come back.
//!
//! ```text
//! MultiDbClient · StackConnection     redis-rs's ConnectionLike: AsyncCommands, pipelines, scripts
//!   Retry                             only what may be repeated; follows the active database
//!     WeightedFailoverBalance         one active database for all clones
//!       ── per database ────────────────────────────────────
//!       CircuitBreaker · FailureDetector · Deadline
//!         Connection                  dials and redials by itself
//!       PING                          on a connection of its own
//! ```
//!
//! The layers are those of [`tower_failover`]; what is particular to Redis is here: commands and which of them may be
//! repeated, what replies and errors say about a database, connections and health checks.
//!
//! ```
//! use std::time::Duration;
//! use failover_testkit::embedded::EmbeddedRedis;
//! use futures_util::StreamExt;
//! use redis::AsyncCommands;
//! use redis_failover::{DatabaseConfig, Event, MultiDbClient, MultiDbConfig};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two databases in this process stand in for those of two regions.
//! let (primary, secondary) = (EmbeddedRedis::start().await?, EmbeddedRedis::start().await?);
//! let mut client = MultiDbClient::new(MultiDbConfig::new([
//!     DatabaseConfig::from_url(&primary.url())?.name("eu-west").weight(1.0),
//!     DatabaseConfig::from_url(&secondary.url())?.name("us-east").weight(0.5),
//! ]))?;
//! client.connect(Duration::from_secs(10)).await?;
//! client.set::<_, _, ()>("key", "value").await?;
//!
//! let mut events = client.events();
//! primary.control().kill();
//! client.set::<_, _, ()>("key", "another").await?; // Nothing to notice: a SET may be repeated.
//! while let Some(event) = events.next().await {
//!     if let Event::ActiveChanged { to, .. } = event {
//!         assert_eq!(&*to, "us-east");
//!         break;
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! - `cluster`: databases that are clusters
//! - `tls`: `rediss://` URLs, client certificates; rustls, with ring unless the application has installed another
//!   crypto provider
//! - `tls-no-provider`: the same without ring
//! - `serde`: snapshots can be serialised
//! - `blocking`: the client for code without `async`
//! - `config`: configuration from TOML, the environment, and whatever serde reads
//! - `lag-aware`: the health check that asks Redis Enterprise's REST API, and encrypted client keys
//! - `metrics`: counters, gauges and histograms, by the facade of that name
//!
//! # Layout
//!
//! - [`client`]: [`MultiDbClient`], several databases as one redis-rs connection
//! - `blocking`: the same client for code without `async` (feature `blocking`)
//! - [`adapter`]: a redis-rs connection over any stack that is composed with `ServiceBuilder`
//! - [`config`]: which databases there are, and when one is left for another; from builders, files, the environment
//! - [`database`]: what calls to one database pass through
//! - [`command`]: one Redis call as a Tower request, and what is known of each command
//! - [`reply`] and [`classify`]: what a reply or an error says about the database
//! - [`retry`]: which commands are repeated after which failures
//! - [`connection`]: from an address to a stream of bytes, and the connection that redials by itself; where Sentinel
//!   says that a database is, and a cluster's nodes
//! - [`health`]: health checks
//! - [`pubsub`]: messages that go on through a failover
//! - [`transaction`]: transactions that watch keys
//! - `metrics`: what is measured of a client, and all names (with the feature of that name)
//! - [`cursor`]: scan cursors that carry the database which issued them
//! - [`error`]: the one error, and its way through redis-rs's
//!
//! And in [`guide`], a page for each question: what happens when a database dies, what you may lose, what to do then.
//! Numbers such as B17 stand for rules of behaviour, which are [listed there](guide::rules).

pub mod adapter;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod classify;
pub mod client;
pub mod command;
pub mod config;
pub mod connection;
pub mod cursor;
pub mod database;
pub mod error;
#[cfg(all(fuzzing, feature = "blocking", feature = "cluster", feature = "lag-aware"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg_attr(
    not(all(feature = "blocking", feature = "cluster", feature = "lag-aware")),
    allow(rustdoc::broken_intra_doc_links)
)]
pub mod guide;
pub mod health;
mod in_box;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod pubsub;
pub mod reply;
pub mod retry;
pub mod transaction;

pub use adapter::StackConnection;
pub use client::{AddDatabaseOptions, DatabaseSnapshot, MultiDbClient};
pub use command::{CallOptions, Command, RetrySafety};
pub use config::{ConfigError, DatabaseConfig, InitialHealthCheckPolicy, MultiDbConfig};
#[cfg(feature = "cluster")]
pub use connection::ClusterHealth;
pub use connection::Standby;
#[cfg(feature = "tls-no-provider")]
pub use connection::Tls;
pub use error::Error;
pub use health::HealthCheck;
pub use pubsub::{PubSub, PubSubItem, PubSubSettings};
pub use redis;
pub use tower_failover::{
    self, Backoff, Event, EventStream, Events, FailoverHandle, HealthSettings, Suspicion,
};
pub use transaction::{TransactionConnection, TransactionSettings};
