//! Which of the cluster's databases is ours: pure.

use std::{collections::BTreeSet, net::IpAddr};

use serde_json::Value;

use super::{LagAwareError, judge::RestError};
use crate::connection::Address;

/// Where a database is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seed {
    host: String,
    port: u16,
}

impl Seed {
    /// A unix socket says nothing to the API.
    fn of(address: &Address) -> Option<Self> {
        match address {
            Address::Tcp { host, port } => Some(Self { host: normal(host), port: *port }),
            Address::Unix(_) => None,
        }
    }
}

/// What the API may know the database by.
pub(super) fn seeds(addresses: impl IntoIterator<Item = Address>) -> Result<Vec<Seed>, LagAwareError> {
    let seeds: Vec<Seed> = addresses.into_iter().filter_map(|address| Seed::of(&address)).collect();
    if seeds.is_empty() {
        return Err(LagAwareError::new("lag_aware", "the database has no host by which the api knows it"));
    }
    Ok(seeds)
}

/// The uid of the database that has an endpoint of this name or, if none has, of this address.
///
/// Databases of one cluster may share a name or an address; then the port decides.
pub(super) fn find(databases: &[Value], seeds: &[Seed]) -> Result<u64, RestError> {
    let endpoints: Vec<Endpoint<'_>> = databases.iter().flat_map(endpoints).collect();
    let by_name = |seed: &Seed| endpoints.iter().filter(|endpoint| endpoint.is_named(&seed.host)).collect();
    let by_address = |seed: &Seed| endpoints.iter().filter(|endpoint| endpoint.is_at(&seed.host)).collect();
    let named = seeds.iter().map(|seed| (seed, by_name(seed)));
    let addressed = seeds.iter().map(|seed| (seed, by_address(seed)));
    let found = named.chain(addressed).find(|(_, matches): &(_, Vec<&Endpoint<'_>>)| !matches.is_empty());
    let (seed, matches) = found.ok_or(RestError::NoMatch)?;
    only(matches.iter().copied())
        .or_else(|| only(matches.iter().copied().filter(|endpoint| endpoint.port == Some(seed.port))))
        .ok_or(RestError::AmbiguousMatch)
}

struct Endpoint<'a> {
    uid: u64,
    name: Option<&'a str>,
    addresses: Vec<&'a str>,
    port: Option<u16>,
}

impl Endpoint<'_> {
    fn is_named(&self, host: &str) -> bool {
        self.name.is_some_and(|name| normal(name) == host)
    }

    fn is_at(&self, host: &str) -> bool {
        self.addresses.iter().any(|address| normal(address) == host)
    }
}

/// What is missing, or of another kind than it should be, matches nothing.
fn endpoints(database: &Value) -> impl Iterator<Item = Endpoint<'_>> {
    let uid = database.get("uid").and_then(Value::as_u64);
    let listed = database.get("endpoints").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(move |endpoint| {
        let addresses = endpoint.get("addr").and_then(Value::as_array).into_iter().flatten();
        Some(Endpoint {
            uid: uid?,
            name: endpoint.get("dns_name").and_then(Value::as_str),
            addresses: addresses.filter_map(Value::as_str).collect(),
            port: endpoint.get("port").and_then(Value::as_u64).and_then(|port| port.try_into().ok()),
        })
    })
}

/// The uid, if all have the same.
fn only<'a>(endpoints: impl Iterator<Item = &'a Endpoint<'a>>) -> Option<u64> {
    let uids: BTreeSet<u64> = endpoints.map(|endpoint| endpoint.uid).collect();
    if uids.len() == 1 { uids.first().copied() } else { None }
}

/// Names without regard to case and a closing dot; addresses in the one way to write them.
fn normal(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    bare.parse::<IpAddr>()
        .map_or_else(|_| bare.to_ascii_lowercase(), |address| address.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seeds(addresses: &[(&str, u16)]) -> Vec<Seed> {
        addresses.iter().filter_map(|(host, port)| Seed::of(&Address::tcp(*host, *port))).collect()
    }

    fn database(uid: u64, name: &str, addresses: &[&str], port: u16) -> Value {
        json!({ "uid": uid, "endpoints": [{ "dns_name": name, "addr": addresses, "port": port }] })
    }

    fn found(databases: &[Value], addresses: &[(&str, u16)]) -> Result<u64, String> {
        find(databases, &seeds(addresses)).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn b25_a_name_matches_before_an_address() {
        let databases =
            [database(1, "a.example", &["10.0.0.2"], 12000), database(2, "10.0.0.2", &["10.0.0.9"], 12000)];
        assert_eq!(found(&databases, &[("10.0.0.2", 12000)]), Ok(2));
        assert_eq!(found(&databases, &[("10.0.0.9", 12000)]), Ok(2));
        assert_eq!(found(&databases, &[("A.Example.", 12000)]), Ok(1));
        assert_eq!(found(&databases, &[("b.example", 12000)]), Err("NoMatch".into()));
    }

    #[test]
    fn b25_addresses_match_however_they_are_written() {
        let databases = [database(1, "a.example", &["2001:DB8:0::1", "::ffff:10.0.0.1"], 12000)];
        for host in ["2001:db8::1", "[2001:db8:0:0::1]", "10.0.0.1"] {
            assert_eq!(found(&databases, &[(host, 1)]), Ok(1), "{host}");
        }
    }

    #[test]
    fn b25_of_databases_on_one_host_the_port_decides() {
        let databases = [
            database(1, "a.example", &["10.0.0.1"], 12000),
            database(2, "b.example", &["10.0.0.1"], 12001),
            database(3, "c.example", &["10.0.0.1"], 12001),
        ];
        assert_eq!(found(&databases, &[("10.0.0.1", 12000)]), Ok(1));
        assert_eq!(found(&databases, &[("10.0.0.1", 12001)]), Err("AmbiguousMatch".into()));
        assert_eq!(found(&databases, &[("10.0.0.1", 6379)]), Err("AmbiguousMatch".into()));
        assert_eq!(found(&databases, &[("b.example", 6379)]), Ok(2), "behind something that maps ports");
    }

    #[test]
    fn b25_all_seeds_are_tried() {
        let databases = [database(7, "shard-3.example", &["10.0.0.3"], 12000)];
        let seeds = [("shard-1.example", 12000), ("shard-2.example", 12000), ("10.0.0.3", 12000)];
        assert_eq!(found(&databases, &seeds), Ok(7));
    }

    #[test]
    fn b25_fields_that_are_missing_or_lie_match_nothing() {
        let liars = [
            json!(null),
            json!({}),
            json!({ "uid": "1; DROP", "endpoints": [{ "dns_name": "a.example" }] }),
            json!({ "uid": -1, "endpoints": [{ "dns_name": "a.example" }] }),
            json!({ "uid": 1 }),
            json!({ "uid": 1, "endpoints": {} }),
            json!({ "uid": 1, "endpoints": [null, 3, { "dns_name": 4, "addr": "a.example", "port": 99999 }] }),
            json!({ "endpoints": [{ "dns_name": "a.example" }] }),
        ];
        assert_eq!(found(&liars, &[("a.example", 1)]), Err("NoMatch".into()));
        let with_a_right_one =
            [&liars[..], &[json!({ "uid": 5, "endpoints": [{ "dns_name": "a.example" }] })]].concat();
        assert_eq!(found(&with_a_right_one, &[("a.example", 1)]), Ok(5));
    }
}
