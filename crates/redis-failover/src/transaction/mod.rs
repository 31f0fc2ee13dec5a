//! Transactions that watch keys: all or nothing, whichever database serves.
//!
//! [`MultiDbClient::transaction`](crate::MultiDbClient::transaction) watches keys on a connection of its own, lets a
//! closure read there and return the pipeline to run, and runs it with `MULTI` and `EXEC`. Redis runs it only if nobody
//! changed the keys meanwhile; otherwise all begins again after a short wait.
//!
//! ```no_run
//! use redis::AsyncCommands;
//!
//! # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
//! let moved: Option<(i64, i64)> = client
//!     .transaction(&["stock:berlin", "stock:paris"], |mut connection, mut pipeline| async move {
//!         let stock: i64 = connection.get("stock:berlin").await?;
//!         if stock == 0 {
//!             return Ok(None); // nothing to move
//!         }
//!         pipeline.decr("stock:berlin", 1).incr("stock:paris", 1);
//!         Ok(Some(pipeline))
//!     })
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! # Failover
//!
//! One attempt sees one database from beginning to end. If that one is left or lost before `EXEC` was sent, nothing was
//! applied, and the closure runs again on the next database, whose data may be older. What had been sent when the
//! database was lost, or did not answer in time, is in doubt: [`Error::MayHaveBeenApplied`] says so, and it is never
//! sent again. A database that is left by choice answers what it was sent, so no doubt comes of that.
//!
//! # The closure
//!
//! It may run many times, so it should only read. A command that writes is applied at once, whatever becomes of the
//! transaction, and once for each attempt. Its connection belongs to the attempt: kept for longer, it is an error. A
//! panic goes to the caller and ends the connection, nothing else.
//!
//! A transaction that watches nothing needs none of this: an atomic pipeline runs on the shared connection.

mod attempt;
mod place;
mod run;
mod settings;

pub use attempt::TransactionConnection;
pub(crate) use place::Place;
pub(crate) use run::{Transaction, run};
pub use settings::TransactionSettings;

#[cfg(doc)]
use crate::error::Error;
