//! Servers that can be broken on purpose, for the tests, examples and benches of this workspace.
//!
//! All of them listen on free loopback ports, end on drop, and depend on neither of the crates they test.
//!
//! # Layout
//!
//! - [`embedded`]: a Redis server inside this process, over TCP or any other stream, that follows tokio's clock;
//! - [`server`]: real `redis-server` and `valkey-server` processes, and the choice between those and the embedded one;
//! - [`proxy`]: a TCP proxy with latency, loss, resets, half-closes, refusals and cut replies;
//! - [`scripted`]: Tower services with scripted answers, for the tests of layers.
//!
//! With the feature `tls` there are also certificates, and a double of Redis Enterprise's REST API, in `tls`; with
//! `metrics` a recorder that can be asked what was recorded, in `recorded`.
//!
//! # Example
//!
//! A database behind a network that can be cut:
//!
//! ```
//! use std::time::Duration;
//! use failover_testkit::{proxy::FaultProxy, server::AnyServer};
//! use redis::AsyncCommands;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = AnyServer::start().await?;
//! let proxy = FaultProxy::start(server.addr()).await?;
//! println!("{} behind {}", server.describe(), proxy.addr());
//!
//! let config = redis::AsyncConnectionConfig::new()
//!     .set_response_timeout(Some(Duration::from_millis(50)));
//! let client = redis::Client::open(proxy.url())?;
//! let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
//! let () = connection.set("key", 1).await?;
//!
//! proxy.control().black_hole();
//! let error = connection.get::<_, i64>("key").await.unwrap_err();
//! assert!(error.is_timeout());
//!
//! proxy.control().heal()?;
//! let mut connection = client.get_multiplexed_async_connection().await?;
//! assert_eq!(connection.get::<_, i64>("key").await?, 1);
//! # Ok(())
//! # }
//! ```

mod address;
pub mod embedded;
mod listener;
pub mod proxy;
#[cfg(feature = "metrics")]
pub mod recorded;
pub mod scripted;
pub mod server;
#[cfg(feature = "tls")]
pub mod tls;

pub(crate) use self::address::{tls_url, url};
