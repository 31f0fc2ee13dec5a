//! Metrics, for whatever takes them by the facade [`metrics`](https://docs.rs/metrics), as Prometheus does.
//!
//! They are recorded if the configuration says so, with [`MultiDbConfig::metrics`](crate::MultiDbConfig::metrics): by
//! the recorder that the application has installed before the client starts, or by one of its own. All [`names`] are
//! constants; [a page of the guide](crate::guide::observation) says what each of them is good for.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{sync::Arc, time::Duration};
//! use failover_testkit::{embedded::EmbeddedRedis, recorded::Recorded};
//! use redis::AsyncCommands;
//! use redis_failover::metrics::{Metrics, names};
//! use redis_failover::{MultiDbClient, MultiDbConfig};
//!
//! // In earnest this is, for example, metrics-exporter-prometheus.
//! let recorded = Recorded::default();
//! let server = EmbeddedRedis::start().await?;
//! let config = MultiDbConfig::from_urls([server.url()])?.metrics(Metrics::by(Arc::new(recorded.clone())));
//! let mut client = MultiDbClient::new(config)?;
//! client.set::<_, _, ()>("key", "value").await?;
//!
//! let kind = (names::OPERATION_KIND, "command");
//! assert_eq!(recorded.histogram(names::OPERATION_DURATION, &[kind]).len(), 1);
//! # Ok(()) }
//! ```
//!
//! # Cost
//!
//! Gauges and counters follow the events, and are looked after once a second; no command pays for them. A command pays
//! for two looks at the clock and one record, and for one branch where metrics are not configured.

mod database;
mod failovers;
pub mod names;
mod operations;
mod probes;
mod recording;
mod reporter;

#[cfg(test)]
mod tests;

pub(crate) use operations::Operations;
pub use recording::Metrics;
pub(crate) use reporter::Reporting;
