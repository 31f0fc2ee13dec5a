//! All keys there are: those of the client, and those of a database.

use std::time::Duration;

use redis::ProtocolVersion;

use super::credentials::Credentials;
use super::error::{Fault, SettingError};
use super::health_checks::HealthChecks;
use super::keyed::{FromNode, Keyed, Shape, keyed, read_table};
use super::lag_aware::LagAware;
use super::scalar::{List, Number, OrOff};
use super::tls::Tls;
use super::tree::{Node, Value};
use super::words::CountedNodes;
use crate::command::RetrySafety;
use crate::config::{InitialHealthCheckPolicy, Options};
use crate::connection::Address;

keyed! {
    /// What is said at the top.
    struct Client {
        urls: List<Url>,
        command_retry: CommandRetry,
        retry_safety: RetrySafety,
        retry_budget: RetryBudget,
        auto_fallback_interval: OrOff<Duration>,
        fallback_jitter: f64,
        failover_attempts: u32,
        failover_delay: Duration,
        wait_for_database: OrOff<Duration>,
        initial_health_check_policy: InitialHealthCheckPolicy,
        tolerate_misconfigured: bool,
        health_checks: HealthChecks,
        tls: Tls,
        lag_aware: LagAware,
        databases: Databases,
    }
    with options: Options, credentials: Credentials
}

keyed! {
    /// What is said under `[[databases]]`.
    struct Database {
        url: Url,
        nodes: List<Url>,
        sentinel: Sentinel,
        name: String,
        weight: Number,
        cluster_health: CountedNodes,
        health_check_url: String,
        health_checks: HealthChecks,
        tls: Tls,
    }
    with options: Options, credentials: Credentials
}

keyed! {
    /// Who knows where the primary is, and what a URL would say of the database.
    struct Sentinel {
        service: String,
        sentinels: List<Url>,
        number: u32,
        protocol: ProtocolVersion,
    }
}

keyed! {
    /// How failed commands are repeated.
    struct CommandRetry { retries: u32, base: Duration, cap: Duration, }
}

keyed! {
    /// How many repeats one database has to bear.
    struct RetryBudget { share: f64, floor: u32, }
}

/// A URL, which may hold a password.
pub(super) struct Url(pub(super) String);

impl FromNode for Url {
    fn read(node: &Node) -> Result<Self, Fault> {
        String::read(node).map(Self)
    }
}

/// The list of databases.
pub(super) struct Databases(pub(super) Vec<Database>);

impl FromNode for Databases {
    fn shape() -> Shape {
        Shape::Tables(Database::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        let read = |(index, node)| read_table(node).map_err(|fault: Fault| fault.of(label(node, index)));
        list(node)?.iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// The list of databases that stands there.
pub(super) fn list(node: &Node) -> Result<&[Node], Fault> {
    let reason = match &node.value {
        Value::List(nodes) => return Ok(nodes),
        Value::Table(_) => "it is one table; begin each database with [[databases]], and say its name there",
        _ => "it is no list of tables; begin each database with [[databases]]",
    };
    Err(SettingError::value(&node.place, reason))
}

/// What a database is called before it is known whether its table can be used.
pub(super) fn label(node: &Node, index: usize) -> String {
    let said = |path: &[&str]| {
        let entry = path.iter().try_fold(node, |node, key| Some(&node.get(key)?.node));
        entry.and_then(Node::text)
    };
    let address = || Some(Address::from_url(said(&["url"])?).ok()?.to_string());
    let name = said(&["name"]).map(str::to_owned).or_else(address);
    let name = name.or_else(|| said(&["sentinel", "service"]).map(str::to_owned));
    name.unwrap_or_else(|| format!("number {}", index + 1))
}
