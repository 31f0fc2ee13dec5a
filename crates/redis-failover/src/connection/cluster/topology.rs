//! Who has which slots. Plain and synchronous.

use std::collections::BTreeSet;

use redis::Value;

use super::super::Address;

/// What a node of a cluster says of who has which slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topology {
    /// By their first slots.
    ranges: Vec<Range>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    primary: Address,
    replicas: Vec<Address>,
}

impl Topology {
    /// Reads the answer to `CLUSTER SLOTS`, given by the node at this address; `None` if it is none.
    pub(crate) fn read(answer: &Value, answering: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else { return None };
        let mut ranges: Vec<_> = ranges.iter().filter_map(|range| Range::read(range, answering)).collect();
        ranges.sort_by_key(|range| range.first);
        Some(Self { ranges })
    }

    pub(crate) fn primary(&self, slot: u16) -> Option<&Address> {
        let after = self.ranges.partition_point(|range| range.first <= slot);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= range.last).then_some(&range.primary)
    }

    /// Each once, in an order that follows from their addresses alone.
    pub(crate) fn primaries(&self) -> BTreeSet<&Address> {
        self.ranges.iter().map(|range| &range.primary).collect()
    }

    /// Primaries and replicas, each once.
    pub(crate) fn nodes(&self) -> BTreeSet<&Address> {
        let all = self.ranges.iter().flat_map(|range| std::iter::once(&range.primary).chain(&range.replicas));
        all.collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl Range {
    fn read(range: &Value, answering: &Address) -> Option<Self> {
        let Value::Array(parts) = range else { return None };
        let [Value::Int(first), Value::Int(last), nodes @ ..] = &parts[..] else { return None };
        let mut nodes = nodes.iter().filter_map(|node| address(node, answering));
        Some(Self {
            first: u16::try_from(*first).ok()?,
            last: u16::try_from(*last).ok()?,
            primary: nodes.next()?,
            replicas: nodes.collect(),
        })
    }
}

/// Where a node says that another one is.
fn address(node: &Value, answering: &Address) -> Option<Address> {
    let Value::Array(parts) = node else { return None };
    let [host, Value::Int(port), ..] = &parts[..] else { return None };
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::Nil => "",
        _ => return None,
    };
    node_at(host, u16::try_from(*port).ok()?, answering)
}

/// A node that another one speaks of. No host, or one that means "any", is the answering node's own.
pub(super) fn node_at(host: &str, port: u16, answering: &Address) -> Option<Address> {
    let host = match (host, answering) {
        ("" | "0.0.0.0" | "::", Address::Tcp { host, .. }) => host,
        // "?" is not known to the one that answers.
        ("?", _) | ("" | "0.0.0.0" | "::", Address::Unix(_)) => return None,
        (host, _) => host,
    };
    Some(Address::tcp(host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, port: i64) -> Value {
        Value::Array(vec![
            Value::BulkString(host.into()),
            Value::Int(port),
            Value::BulkString(b"id".to_vec()),
        ])
    }

    fn range(first: i64, last: i64, nodes: &[Value]) -> Value {
        let slots = [Value::Int(first), Value::Int(last)];
        Value::Array(slots.into_iter().chain(nodes.iter().cloned()).collect())
    }

    fn read(ranges: Vec<Value>) -> Topology {
        Topology::read(&Value::Array(ranges), &Address::tcp("seed", 7000)).unwrap()
    }

    #[test]
    fn a_slot_is_its_range_s_primary_s() {
        let (one, two) = ([node("one", 1), node("three", 3)], [node("two", 2)]);
        let topology = read(vec![range(8000, 16_383, &two), range(0, 7000, &one)]);
        assert!(!topology.is_empty());
        assert_eq!(topology.primary(0), Some(&Address::tcp("one", 1)));
        assert_eq!(topology.primary(7000), Some(&Address::tcp("one", 1)));
        assert_eq!(topology.primary(7001), None, "nobody has it");
        assert_eq!(topology.primary(16_383), Some(&Address::tcp("two", 2)));
        assert_eq!(topology.primaries().len(), 2);
        assert_eq!(topology.nodes().len(), 3);
    }

    #[test]
    fn a_host_that_is_not_told_is_the_answering_one_s() {
        let nil = Value::Array(vec![Value::Nil, Value::Int(7001)]);
        let topology = read(vec![range(0, 1, &[nil]), range(2, 3, &[node("0.0.0.0", 7002)])]);
        assert_eq!(topology.primary(0), Some(&Address::tcp("seed", 7001)));
        assert_eq!(topology.primary(3), Some(&Address::tcp("seed", 7002)));
        assert!(read(vec![range(0, 1, &[node("?", 7001)])]).is_empty());
    }

    #[test]
    fn b22_what_is_no_topology_is_read_as_none_or_as_an_empty_one() {
        let seed = Address::tcp("seed", 7000);
        assert_eq!(Topology::read(&Value::Okay, &seed), None);
        for strange in [
            Value::Array(vec![]),
            Value::Array(vec![
                Value::Int(1),
                range(0, 70_000, &[node("one", 1)]),
                range(0, 1, &[Value::Nil]),
            ]),
            Value::Array(vec![range(0, 1, &[node("one", 70_000)]), range(0, 1, &[])]),
        ] {
            assert!(Topology::read(&strange, &seed).unwrap().is_empty());
        }
    }
}
