//! Real servers, and those that forget nothing.

use std::path::PathBuf;

use failover_testkit::server::{RealServer, RealServerBuilder};

/// As [`RealServer::find_or_skip`].
#[must_use]
pub fn real_server() -> Option<PathBuf> {
    RealServer::find_or_skip()
}

/// A server that has written down whatever it has answered, and so knows it again when it was killed; `None`, and a word
/// of it, where there is no server to start.
pub async fn durable() -> Option<RealServer> {
    let binary = real_server()?;
    Some(durable_builder().binary(binary).start().await.unwrap())
}

/// The same, to be configured before its start.
#[must_use]
pub fn durable_builder() -> RealServerBuilder {
    // What is given to the kernel outlives the process.
    RealServer::builder().args(["--appendonly", "yes", "--appendfsync", "no"])
}
