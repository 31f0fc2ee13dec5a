//! Scans of a cluster: from one primary to the next, and never with a cursor of another one.
//!
//! A cursor carries the mark of the primary that issued it, below the mark of its database (B60): ten bits, so that 46
//! are left for its own.

use std::collections::{BTreeSet, HashMap};

use redis::{
    Cmd, Value,
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
};

use super::Topology;
use super::run::{Client, failed};
use crate::{
    command::slot_of,
    connection::{Address, ConnectionError},
    cursor::{CursorTooLarge, cursor_position, running_scan, with_cursor},
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
        let marks = Marks::of(&topology);
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
        Ok(marked(routed.map_err(failed)?, mark, after)?)
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

/// Each primary's mark: of the same primaries always the same.
struct Marks<'a>(Vec<(u64, &'a Address)>);

impl<'a> Marks<'a> {
    fn of(topology: &'a Topology) -> Self {
        let mut taken: HashMap<u64, &Address> = HashMap::new();
        let primaries: BTreeSet<_> = topology.primaries();
        for primary in primaries.into_iter().take(MARKS as usize - 1) {
            let mut mark = hash(primary) % MARKS;
            // 0 says that there is none.
            while mark == 0 || taken.contains_key(&mark) {
                mark = (mark + 1) % MARKS;
            }
            taken.insert(mark, primary);
        }
        let mut marks: Vec<_> = taken.into_iter().collect();
        marks.sort_unstable_by_key(|(mark, _)| *mark);
        Self(marks)
    }

    fn first(&self) -> Option<u64> {
        Some(self.0.first()?.0)
    }

    fn after(&self, mark: u64) -> Option<u64> {
        Some(self.0.iter().find(|(next, _)| *next > mark)?.0)
    }

    fn node(&self, mark: u64) -> Option<&'a Address> {
        Some(self.0.iter().find(|(one, _)| *one == mark)?.1)
    }

    fn mark(&self, node: &Address) -> Option<u64> {
        Some(self.0.iter().find(|(_, one)| *one == node)?.0)
    }
}

/// FNV-1a: stable across releases, which std's hashers are not.
fn hash(address: &Address) -> u64 {
    address
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
