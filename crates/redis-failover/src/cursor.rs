//! Scan cursors that carry the database which issued them.
//!
//! A cursor means something only to the database that issued it; on another one it silently skips keys. So
//! each database has a [`CursorTag`], which it writes into the top byte of every cursor that it hands out. A
//! cursor that comes back with another database's tag is refused with [`ScanInterrupted`]. Nothing has to be
//! remembered: the rule holds across clones, restarts and processes, as long as all of them give the
//! databases the same names.
//!
//! Of a cluster a cursor carries also which of its nodes issued it, by the node's address. Clients that know the same
//! nodes agree on that, in whatever order they met them, but for two nodes in several thousand times several thousand. A
//! client that never knew the node which issued a cursor refuses it, unless it knows one that has the same mark: one
//! address in 8191.
//!
//! ```
//! use redis::Value;
//! use redis_failover::{command::Command, cursor::CursorTag};
//!
//! let [london, paris] = CursorTag::assign(&["london", "paris"]).unwrap()[..] else { panic!() };
//!
//! // London answers a scan with the cursor 17; the application sees it tagged.
//! let scan = redis::cmd("SCAN").arg(0).take();
//! let reply = Value::Array(vec![Value::BulkString(b"17".to_vec()), Value::Array(vec![])]);
//! let seen = london.incoming(&Command::from(&scan), reply).unwrap();
//! let (cursor, _keys): (u64, Vec<String>) = redis::from_redis_value(seen).unwrap();
//!
//! // It is good for London, and for nobody else.
//! let next = redis::cmd("SCAN").arg(cursor).take();
//! assert!(london.outgoing(&Command::from(&next)).unwrap().is_some());
//! assert!(paris.outgoing(&Command::from(&next)).is_err());
//! ```

mod tags;

use std::{fmt, num::NonZeroU8};

use redis::{Arg, Cmd, ErrorKind, RedisError, Value};

pub(crate) use tags::CursorTags;

use crate::command::Command;

/// The tag takes the top byte; a database's own cursors must fit below.
const TAG_SHIFT: u32 = 56;
/// Where a database has several servers, the one that issued a cursor takes the next byte.
const SERVER_SHIFT: u32 = 48;

/// A database's mark on its scan cursors: 1 to 127, so that a tagged cursor is positive as an `i64` too.
///
/// A database that is managed by Sentinel may be at another server than a moment ago, to which a cursor means as little
/// as to another database. Its mark is one for each server: one of 255, which follows from the address, so that one
/// pair of servers in 255 is not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CursorTag {
    database: NonZeroU8,
    server: Option<NonZeroU8>,
}

impl CursorTag {
    /// How many databases can be told apart.
    pub const COUNT: usize = 127;

    /// The tag that follows from a name alone: always the same, but two names may share it.
    pub fn of(name: &str) -> Self {
        Self::at(stable_hash(name) as usize)
    }

    /// The mark of one of the database's servers, if it has several.
    pub(crate) fn on(self, server: Option<NonZeroU8>) -> Self {
        Self { server, ..self }
    }

    /// Distinct tags for these names, in their order. The same names get the same tags in whatever order they
    /// come; a name keeps [`CursorTag::of`] unless an alphabetically earlier one holds it.
    ///
    /// # Errors
    ///
    /// [`TooManyDatabases`] for more than [`CursorTag::COUNT`] names.
    pub fn assign(names: &[impl AsRef<str>]) -> Result<Vec<Self>, TooManyDatabases> {
        if names.len() > Self::COUNT {
            return Err(TooManyDatabases { count: names.len() });
        }
        let mut by_name: Vec<usize> = (0..names.len()).collect();
        by_name.sort_by_key(|&at| names[at].as_ref());
        let mut tags: Vec<Self> = names.iter().map(|name| Self::of(name.as_ref())).collect();
        let mut taken = [false; Self::COUNT];
        for at in by_name {
            while std::mem::replace(&mut taken[tags[at].index()], true) {
                tags[at] = Self::at(tags[at].index() + 1);
            }
        }
        Ok(tags)
    }

    /// What to send to this database in place of `command`: `None` if it can go as it is, which holds for
    /// everything but a scan that goes on.
    ///
    /// # Errors
    ///
    /// [`ScanInterrupted`] if one of its cursors comes from another database.
    pub fn outgoing(self, command: &Command<'_>) -> Result<Option<Command<'static>>, ScanInterrupted> {
        if !command.commands().any(|command| running_scan(command).is_some()) {
            return Ok(None);
        }
        let rewritten: Result<Vec<Cmd>, _> =
            command.commands().map(|command| self.untagged(command)).collect();
        Ok(Some(command.rewritten(rewritten?.into_iter())))
    }

    /// What to hand to the application in place of this database's reply to `command`.
    ///
    /// # Errors
    ///
    /// [`CursorTooLarge`] if this database's own cursor needs the top byte.
    pub fn incoming(self, command: &Command<'_>, reply: Value) -> Result<Value, CursorTooLarge> {
        if !command.is_pipeline() {
            return match command.commands().next().and_then(cursor_position) {
                Some(_) => self.tagged(reply),
                None => Ok(reply),
            };
        }
        if !command.commands().any(|command| cursor_position(command).is_some()) {
            return Ok(reply);
        }
        match reply {
            // An atomic pipeline's only reply is that of EXEC, which holds the others.
            Value::Array(mut replies) if command.is_atomic() => {
                if let Some(exec) = replies.pop() {
                    replies.push(self.tagged_each(command, exec)?);
                }
                Ok(Value::Array(replies))
            }
            reply => self.tagged_each(command, reply),
        }
    }

    fn tagged_each(self, command: &Command<'_>, reply: Value) -> Result<Value, CursorTooLarge> {
        let Value::Array(mut replies) = reply else {
            return Ok(reply);
        };
        for (command, reply) in command.commands().zip(&mut replies) {
            if cursor_position(command).is_some() {
                *reply = self.tagged(std::mem::take(reply))?;
            }
        }
        Ok(Value::Array(replies))
    }

    /// Tags the cursor of one scan's reply. Zero, the end of a scan, stays zero, and so does whatever is not
    /// a scan's reply, as an error.
    fn tagged(self, mut reply: Value) -> Result<Value, CursorTooLarge> {
        if let Value::Array(parts) = &mut reply
            && let Some(Value::BulkString(digits)) = parts.first_mut()
            && let Some(cursor) = number(digits).filter(|&cursor| cursor != 0)
        {
            if cursor >> self.shift() != 0 {
                return Err(CursorTooLarge);
            }
            *digits = (self.bits() | cursor).to_string().into_bytes();
        }
        Ok(reply)
    }

    /// The command as the database that issued its cursor knows it.
    fn untagged(self, command: &Cmd) -> Result<Cmd, ScanInterrupted> {
        let Some((position, cursor)) = running_scan(command) else {
            return Ok(command.clone());
        };
        if cursor >> self.shift() != self.bits() >> self.shift() {
            return Err(ScanInterrupted);
        }
        Ok(with_cursor(command, position, cursor ^ self.bits()))
    }

    fn bits(self) -> u64 {
        let server = self.server.map_or(0, NonZeroU8::get);
        u64::from(self.database.get()) << TAG_SHIFT | u64::from(server) << SERVER_SHIFT
    }

    /// How many bits are left for the server's own cursor.
    fn shift(self) -> u32 {
        if self.server.is_some() { SERVER_SHIFT } else { TAG_SHIFT }
    }

    /// The tags in a ring.
    fn at(index: usize) -> Self {
        Self { database: NonZeroU8::MIN.saturating_add((index % Self::COUNT) as u8), server: None }
    }

    fn index(self) -> usize {
        usize::from(self.database.get()) - 1
    }
}

/// The mark of a server at this address among those of its database: always the same, and perhaps another one's too.
pub(crate) fn server_at(address: &str) -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add((stable_hash(address) % u64::from(u8::MAX)) as u8)
}

/// FNV-1a: stable across releases, which std's hashers are not.
pub(crate) fn stable_hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The same scan with another cursor.
pub(crate) fn with_cursor(command: &Cmd, position: usize, cursor: u64) -> Cmd {
    let mut rewritten = Cmd::new();
    for (at, word) in command.args_iter().enumerate() {
        match word {
            Arg::Simple(word) if at != position => rewritten.arg(word),
            _ => rewritten.arg(cursor),
        };
    }
    rewritten.set_no_response(command.is_no_response());
    rewritten
}

/// Where a scan command has its cursor; `None` for every other command. Cheap: most names differ in length.
pub(crate) fn cursor_position(command: &Cmd) -> Option<usize> {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) if name.eq_ignore_ascii_case(b"SCAN") => Some(1),
        Some(Arg::Simple(name)) if name.len() == 5 && name[1..].eq_ignore_ascii_case(b"SCAN") => {
            matches!(name[0].to_ascii_uppercase(), b'H' | b'S' | b'Z').then_some(2)
        }
        _ => None,
    }
}

/// Where a scan that goes on has its cursor, and which; a word that is no number is left to the server.
pub(crate) fn running_scan(command: &Cmd) -> Option<(usize, u64)> {
    let position = cursor_position(command)?;
    let cursor = match command.args_iter().nth(position)? {
        Arg::Simple(word) => number(word),
        _ => iterator_cursor(command, position),
    };
    cursor.filter(|&cursor| cursor != 0).map(|cursor| (position, cursor))
}

/// The cursor of redis-rs's own iterators, which shows only in what they send.
fn iterator_cursor(command: &Cmd, position: usize) -> Option<u64> {
    let Ok(Value::Array(words)) = redis::parse_redis_value(&command.get_packed_command()) else {
        return None;
    };
    match words.get(position)? {
        Value::BulkString(word) => number(word),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A scan was to go on at another database, or another server of it, than the one that issued its cursor. Start it anew
/// with cursor 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanInterrupted;

impl fmt::Display for ScanInterrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the scan's cursor was not issued by the active database, or not by the server that is its primary now: start \
             the scan again with cursor 0",
        )
    }
}

impl std::error::Error for ScanInterrupted {}

impl From<ScanInterrupted> for RedisError {
    fn from(error: ScanInterrupted) -> Self {
        (ErrorKind::Client, "scan interrupted", error.to_string()).into()
    }
}

/// A database's own scan cursor reaches into the bits that are kept for where it comes from: the top byte, behind
/// Sentinel the next one as well, and of a cluster's nodes the 14 bits below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorTooLarge;

impl fmt::Display for CursorTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database's scan cursor is too large to be tied to where it comes from")
    }
}

impl std::error::Error for CursorTooLarge {}

impl From<CursorTooLarge> for RedisError {
    fn from(error: CursorTooLarge) -> Self {
        (ErrorKind::Client, "scan cursor too large", error.to_string()).into()
    }
}

/// More databases than scan cursors can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDatabases {
    /// How many there were.
    pub count: usize,
}

impl fmt::Display for TooManyDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} databases are too many: at most {} can be told apart", self.count, CursorTag::COUNT)
    }
}

impl std::error::Error for TooManyDatabases {}

#[cfg(test)]
mod tests;
