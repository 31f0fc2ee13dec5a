//! The client for code without `async`: the same databases, options and events, and redis-rs's own blocking traits.
//!
//! [`MultiDbClient`] is a redis-rs connection, so `redis::Commands`, `Pipeline::query`, `Script::invoke` and scan
//! iterators work unchanged. Everything else has the name that it has in the async client, and does the same.
//!
//! ```no_run
//! use std::time::Duration;
//! use redis::Commands;
//! use redis_failover::{DatabaseConfig, MultiDbConfig, blocking::MultiDbClient};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = MultiDbClient::new(MultiDbConfig::new([
//!     DatabaseConfig::from_url("redis://db-primary:6379/0")?.name("eu-west").weight(1.0),
//!     DatabaseConfig::from_url("redis://db-secondary:6379/0")?.name("us-east").weight(0.5),
//! ]))?;
//! client.connect(Duration::from_secs(5))?;
//!
//! client.set::<_, _, ()>("key", "value")?;
//! let (a, b): (i64, i64) = redis::pipe().atomic().incr("a", 1).incr("b", 2).query(&mut client)?;
//!
//! let mut worker = client.clone(); // One for each thread.
//! std::thread::spawn(move || worker.incr::<_, _, i64>("jobs", 1));
//! # Ok(()) }
//! ```
//!
//! # The thread behind it
//!
//! Connections, health checks and the choice of a database need somebody to run them while nobody calls. That is one
//! thread, `redis-failover`, which begins with the first call. It ends with the last clone of the client and the last
//! of its subscribers, or when the client was [closed](MultiDbClient::close) and its calls have ended. A call runs on
//! the thread that makes it, and sleeps until that thread has the reply: one wake-up each way. Names are looked up on
//! threads of their own, which end soon after.
//!
//! # Within a tokio runtime
//!
//! Calls work in any thread, those of a tokio runtime of any kind included, and so does dropping the client. But a call
//! holds up the thread that makes it, and on a runtime's own threads all tasks that are to run there with it:
//! `tokio::task::spawn_blocking` is the place for blocking calls, and async code is better served by the async client.
//!
//! Why it has a thread of its own and borrows no runtime: a call on a runtime's only thread would wait for a reply that
//! this very thread is to read. What the client itself runs on its thread (health checks, providers of credentials,
//! connectors, strategies) must not call it either: that is [`Error::WouldDeadlock`].
//!
//! # Layout
//!
//! - `client`: [`MultiDbClient`]
//! - `connection`: the client as a redis-rs connection
//! - `packed`: commands read back from the bytes in which redis-rs hands pipelines over
//! - `pubsub`: [`PubSub`], messages that go on through a failover
//! - `transaction`: [`TransactionConnection`], transactions that watch keys
//! - `manage`: databases, checks and detectors that come and go
//! - `handle`: [`FailoverHandle`], by which people look and steer
//! - `events`: [`EventIter`], what happens, one after the other
//! - `background`: the thread, and who keeps it
//! - `park`: a thread that waits for a future

mod background;
mod client;
mod connection;
mod events;
mod handle;
mod manage;
mod packed;
mod park;
mod pubsub;
mod transaction;

pub use client::MultiDbClient;
pub use events::EventIter;
pub use handle::FailoverHandle;
#[cfg(all(fuzzing, feature = "blocking", feature = "cluster", feature = "lag-aware"))]
pub(crate) use packed::fuzz as fuzz_packed;
pub use pubsub::{PubSub, PubSubSink, PubSubStream};
pub use transaction::TransactionConnection;

#[cfg(doc)]
use crate::error::Error;
