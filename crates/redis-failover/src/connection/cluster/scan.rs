//! Scans of a cluster: from one primary to the next, and never with a cursor of another one.
//!
//! A cursor carries the mark of the primary that issued it, below the mark of its database (B60): ten bits, so that 46
//! are left for its own.

use std::collections::HashMap;

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

const MARK_SHIFT: u32 = 46;
const MARKS: u64 = 1 << 10;

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
        let topology = client.cluster.topology().await.map_err(failed)?;
        let marks = client.cluster.marks(&topology);
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

/// Who has which mark. A mark that was given stays its node's, also when that is gone or has come after another one whose
/// mark it would be: a cursor with it must not lead to another node.
#[derive(Default)]
pub(super) struct Marks(HashMap<Address, u64>);

impl Marks {
    /// The marks of the primaries, in the order in which they are scanned.
    pub(super) fn of(&mut self, topology: &Topology) -> Marked {
        let primaries = topology.primaries();
        if self.0.len() + primaries.len() >= MARKS as usize {
            // There are none left for those that are gone.
            self.0.retain(|node, _| primaries.contains(node));
        }
        let mut marked = Vec::new();
        for primary in primaries.into_iter().take(MARKS as usize - 1) {
            marked.push((self.mark(primary), primary.clone()));
        }
        marked.sort_unstable_by_key(|(mark, _)| *mark);
        Marked(marked)
    }

    /// Follows from the address alone where no other node has it.
    fn mark(&mut self, node: &Address) -> u64 {
        if let Some(mark) = self.0.get(node) {
            return *mark;
        }
        let mut mark = stable_hash(&node.to_string()) % MARKS;
        // 0 says that there is none.
        while mark == 0 || self.0.values().any(|taken| *taken == mark) {
            mark = (mark + 1) % MARKS;
        }
        self.0.insert(node.clone(), mark);
        mark
    }
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

    #[test]
    fn b60_a_mark_stays_its_node_s_whoever_comes() {
        let natural = |node: &Address| Marks::default().mark(node);
        let late = Address::tcp("node", 9000);
        let mut others = (1000..9000).map(|port| Address::tcp("node", port));
        let early = others.find(|other| natural(other) == natural(&late)).unwrap();
        assert!(early < late, "its turn comes first");

        let mut marks = Marks::default();
        let alone = marks.of(&topology(&[&late])).mark(&late).unwrap();
        let both = marks.of(&topology(&[&early, &late]));
        assert_eq!(both.mark(&late), Some(alone));
        assert_ne!(both.mark(&early), Some(alone));
        let left = marks.of(&topology(&[&early]));
        assert_eq!(left.node(alone), None, "a cursor of the one that is gone leads nowhere");
    }

    #[test]
    fn b60_more_nodes_than_marks_come_one_after_the_other() {
        let mut marks = Marks::default();
        for port in 0..3000 {
            let node = Address::tcp("node", port);
            let marked = marks.of(&topology(&[&node]));
            assert_eq!(marked.mark(&node).and_then(|mark| marked.node(mark)), Some(&node));
        }
    }
}
