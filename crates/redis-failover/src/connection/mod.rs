//! From an address to calls on a live connection.
//!
//! - [`Connect`]: from an address to a stream of bytes
//! - [`Endpoint`]: from a stream to a Redis connection, under one deadline
//! - [`Link`]: the task that keeps one connection to a database
//! - [`Connection`]: the service that runs calls on it

mod address;
mod connect;
mod credentials;
mod demand;
mod endpoint;
mod error;
mod link;
mod refusal;
mod service;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use connect::{BoxedStream, ByteStream, Connect, TcpConnect};
pub use credentials::{Credentials, CredentialsError, ProvideCredentials};
pub use endpoint::{Dialled, Endpoint};
pub use error::ConnectionError;
pub use link::{Link, LinkSettings, Standby};
pub use service::{Connection, ConnectionFuture};
