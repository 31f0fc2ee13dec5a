//! Scans of a cluster: from one primary to the next, and never with a cursor of another one.
//!
//! A cursor carries the mark of the primary that issued it, below the mark of its database (B60): 14 bits, so that 42
//! are left for its own.

use std::collections::{BTreeSet, HashMap};

use redis::{
    Cmd, Value,
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
};

use super::Topology;
use super::run::{Client, failed, replied};
use crate::{
    command::slot_of,
    connection::{Address, ConnectionError},
    cursor::{CursorTooLarge, cursor_position, running_scan, stable_hash, with_cursor},
};

const MARK_SHIFT: u32 = 42;
/// Half of the marks follow from an address alone. The other half is for those whose addresses have the same one: that
/// mark is nobody's then, since a client that knows only one of them would take it for that one's.
const HALF: u64 = 1 << 13;

/// Whether a command goes on with a scan.
pub(super) fn goes_on(command: &Cmd) -> bool {
    running_scan(command).is_some()
}

/// A command that scans.
pub(super) struct Scan<'a> {
    command: &'a Cmd,
    /// Where its cursor stands.
    position: usize,
    cursor: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn of(command: &'a Cmd) -> Option<Self> {
        let position = cursor_position(command)?;
        let cursor = running_scan(command).map_or(0, |(_, cursor)| cursor);
        Some(Self { command, position, cursor })
    }

    pub(super) async fn run(self, mut client: Client) -> Result<Value, ConnectionError> {
        let told = client.cluster.told().await.map_err(failed)?;
        let (topology, marks) = (&told.topology, &told.marked);
        let slot = slot_of(self.command);
        let owner = match slot {
            // Of a key: its owner's.
            Some(slot) => topology.primary(slot).and_then(|owner| marks.mark(owner)),
            // Of all keys: from the first primary to the last.
            None => marks.first(),
        };
        let mark = match self.cursor >> MARK_SHIFT {
            0 if self.cursor == 0 => owner,
            mark if slot.is_none() || Some(mark) == owner => Some(mark),
            _ => None,
        };
        let Some((mark, node)) = mark.and_then(|mark| Some((mark, marks.node(mark)?))) else {
            // The one that issued it is gone, or has the key no more.
            client.cluster.distrust();
            return Err(ConnectionError::ScanInterrupted);
        };
        let command = with_cursor(self.command, self.position, self.cursor & ((1 << MARK_SHIFT) - 1));
        let Address::Tcp { host, port } = node else { return Err(ConnectionError::ScanInterrupted) };
        let routing = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
        let routed = client.connection.route_command(command, RoutingInfo::SingleNode(routing)).await;
        let after = if slot.is_none() { marks.after(mark) } else { None };
        Ok(marked(replied(routed)?, mark, after)?)
    }
}

/// The reply with the mark in its cursor; at the end of one node, with the beginning of the next one.
fn marked(mut reply: Value, mark: u64, after: Option<u64>) -> Result<Value, CursorTooLarge> {
    if let Value::Array(parts) = &mut reply
        && let Some(Value::BulkString(digits)) = parts.first_mut()
        && let Some(cursor) = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok())
    {
        let next = match (cursor, after) {
            (0, None) => 0,
            (0, Some(after)) => after << MARK_SHIFT,
            (cursor, _) if cursor >> MARK_SHIFT != 0 => return Err(CursorTooLarge),
            (cursor, _) => mark << MARK_SHIFT | cursor,
        };
        *digits = next.to_string().into_bytes();
    }
    Ok(reply)
}

/// Who has which mark. A mark that was given is never another node's, also when its own is gone or has another mark by
/// now: a cursor with it must not lead elsewhere.
#[derive(Default)]
pub(super) struct Marks {
    /// By the mark that follows from their addresses: the node, or `None` if there is more than one.
    natural: HashMap<u64, Option<Address>>,
    /// Those that were more than one.
    displaced: HashMap<Address, u64>,
}

impl Marks {
    /// The marks of the primaries, in the order in which they are scanned.
    pub(super) fn of(&mut self, topology: &Topology) -> Marked {
        // A cluster has far fewer.
        let primaries: BTreeSet<_> = topology.primaries().into_iter().take(HALF as usize).collect();
        if self.natural.len() + self.displaced.len() + primaries.len() > HALF as usize {
            // There are none left for those that are gone.
            self.natural.retain(|_, node| node.as_ref().is_some_and(|node| primaries.contains(node)));
            self.displaced.retain(|node, _| primaries.contains(node));
        }
        for primary in &primaries {
            self.meet(primary);
        }
        let mut marked: Vec<_> =
            primaries.into_iter().map(|primary| (self.mark(primary), primary.clone())).collect();
        marked.sort_unstable_by_key(|(mark, _)| *mark);
        Marked(marked)
    }

    fn meet(&mut self, node: &Address) {
        if self.displaced.contains_key(node) {
            return;
        }
        let holder = self.natural.entry(natural(node)).or_insert_with(|| Some(node.clone()));
        if holder.as_ref().is_some_and(|holder| holder != node) {
            *holder = None;
        }
    }

    fn mark(&mut self, node: &Address) -> u64 {
        if let Some(Some(holder)) = self.natural.get(&natural(node))
            && holder == node
        {
            return natural(node);
        }
        if let Some(mark) = self.displaced.get(node) {
            return *mark;
        }
        let mut offset = stable_hash(&node.to_string()) / HALF % HALF;
        // There are at most as many as marks.
        while self.displaced.values().any(|taken| *taken == HALF + offset) {
            offset = (offset + 1) % HALF;
        }
        self.displaced.insert(node.clone(), HALF + offset);
        HALF + offset
    }
}

/// 0 says that there is none.
fn natural(node: &Address) -> u64 {
    1 + stable_hash(&node.to_string()) % (HALF - 1)
}

/// Primaries with their marks.
pub(super) struct Marked(Vec<(u64, Address)>);

impl Marked {
    fn first(&self) -> Option<u64> {
        Some(self.0.first()?.0)
    }

    fn after(&self, mark: u64) -> Option<u64> {
        Some(self.0.iter().find(|(next, _)| *next > mark)?.0)
    }

    fn node(&self, mark: u64) -> Option<&Address> {
        Some(&self.0.iter().find(|(one, _)| *one == mark)?.1)
    }

    fn mark(&self, node: &Address) -> Option<u64> {
        Some(self.0.iter().find(|(_, one)| one == node)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cluster with these primaries.
    fn topology(primaries: &[&Address]) -> Topology {
        let range = |(slot, address): (usize, &&Address)| {
            let Address::Tcp { host, port } = address else { panic!("{address}") };
            let slot = Value::Int(slot as i64);
            let node = Value::Array(vec![Value::SimpleString(host.clone()), Value::Int(i64::from(*port))]);
            Value::Array(vec![slot.clone(), slot, node])
        };
        let ranges = primaries.iter().enumerate().map(range).collect();
        Topology::read(&Value::Array(ranges), &Address::tcp("seed", 1)).unwrap()
    }

    /// Two nodes whose addresses have the same mark.
    fn alike() -> [Address; 2] {
        let late = Address::tcp("node", 60_000);
        let mut others = (1000..60_000).map(|port| Address::tcp("node", port));
        let early = others.find(|other| natural(other) == natural(&late)).unwrap();
        assert!(early < late, "its turn comes first");
        [early, late]
    }

    #[test]
    fn b60_a_mark_is_never_another_node_s_whoever_comes() {
        let [early, late] = &alike();
        let mut marks = Marks::default();
        let alone = marks.of(&topology(&[late])).mark(late).unwrap();
        let both = marks.of(&topology(&[early, late]));
        assert_eq!(both.node(alone), None, "another client may have taken it for the other one's");
        assert_ne!(both.mark(early), both.mark(late));
        let left = marks.of(&topology(&[early]));
        assert_eq!(left.node(alone), None, "a cursor of the one that is gone leads nowhere");
        assert_eq!(left.mark(early), both.mark(early));
    }

    #[test]
    fn b60_clients_that_met_the_nodes_in_another_order_take_no_mark_for_another_node_s() {
        let [early, late] = &alike();
        let histories: [&[&[&Address]]; 5] = [
            &[&[early]],
            &[&[late]],
            &[&[early], &[early, late]],
            &[&[late], &[early, late]],
            &[&[early, late]],
        ];
        let known = histories.map(|history| {
            let mut marks = Marks::default();
            history.iter().map(|nodes| marks.of(&topology(nodes))).last().unwrap()
        });
        for one in &known[2..] {
            for other in &known {
                for (mark, node) in &one.0 {
                    assert!(other.node(*mark).is_none_or(|found| found == node), "{mark} is {node}'s");
                }
            }
        }
    }

    #[test]
    fn b60_more_nodes_than_marks_come_one_after_the_other() {
        let mut marks = Marks::default();
        for port in 0..20_000 {
            let node = Address::tcp("node", port);
            let marked = marks.of(&topology(&[&node]));
            assert_eq!(marked.mark(&node).and_then(|mark| marked.node(mark)), Some(&node));
        }
    }

    #[test]
    fn b60_there_are_marks_for_as_many_nodes_as_a_cluster_can_have_whoever_comes() {
        let mut marks = Marks::default();
        let nodes: Vec<_> = (1..=8192).map(|port| Address::tcp("node", port)).collect();
        let all: Vec<_> = nodes.iter().collect();
        marks.of(&topology(&all));
        let first = Address::tcp("another", 1);
        let marked = marks.of(&topology(&[&[&first], &all[..]].concat()));
        assert!(marked.mark(&first).is_some(), "it sorts first");
        let distinct: BTreeSet<_> = marked.0.iter().map(|(mark, _)| mark).collect();
        assert_eq!(distinct.len(), 8192);
    }
}
