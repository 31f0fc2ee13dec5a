//! From an address to calls on a live connection.
//!
//! - [`Connect`]: from an address to a stream of bytes; with the feature `tls`, `TlsConnect` encrypts it
//! - [`Endpoint`]: from a stream to a Redis connection, under one deadline
//! - [`Link`]: the task that keeps one connection to a database
//! - [`Connection`]: the service that runs calls on it
//! - `sentinel`: where Sentinel says that a database is
//! - `cluster`: the nodes of a cluster, and redis-rs's client over them (feature `cluster`)
//! - `place`: where connections are dialled that one call has to itself
//! - `spare`: a connection that health checks give up for calls
//! - `refusal`: the pace of dials that are refused
//! - `dedicated`: connections that one call has to itself, for a while
//! - `own`: calls through a service of the user's own
//! - [`Connections`]: how many of them a database has
//! - `staggered`: one attempt after the other, without waiting long for any
//! - `leaf`: the leaf of a database's stack, of whatever kind

mod address;
#[cfg(feature = "cluster")]
mod cluster;
mod connect;
mod connections;
mod counted;
mod credentials;
mod dedicated;
mod demand;
mod endpoint;
mod error;
mod leaf;
mod lent;
mod link;
mod own;
mod place;
mod refusal;
mod sentinel;
mod service;
mod spare;
mod staggered;
#[cfg(feature = "tls-no-provider")]
mod tls;
mod trust;

#[cfg(test)]
mod tests;

pub use address::Address;
pub(crate) use address::connection_info;
#[cfg(feature = "cluster")]
pub use cluster::ClusterHealth;
#[cfg(feature = "cluster")]
pub(crate) use cluster::{Cluster, ClusterLeaf, ClusterLink, Doubts, Topology, slots};
pub use connect::{BoxedStream, ByteStream, Connect, TcpConnect};
pub use connections::Connections;
pub use credentials::{Credentials, CredentialsError, ProvideCredentials};
pub(crate) use dedicated::{Dedicated, DedicatedSettings, Lease};
pub use endpoint::{Dialled, Endpoint};
pub use error::ConnectionError;
pub(crate) use leaf::Leaf;
pub(crate) use link::Connected;
pub use link::{Link, LinkSettings, Standby};
pub(crate) use own::{OwnLeaf, OwnService};
pub(crate) use place::Place;
pub(crate) use refusal::Refusals;
pub(crate) use sentinel::{Sentinels, role_of};
pub use service::{Connection, ConnectionFuture};
#[cfg(feature = "cluster")]
pub(crate) use staggered::first_to_succeed;
#[cfg(feature = "tls-no-provider")]
pub use tls::{Tls, TlsConnect, TlsError};
pub use trust::TlsTrustError;
#[cfg(feature = "lag-aware")]
pub(crate) use {
    tls::{Current, advice},
    trust::causes,
};
