//! What Redis itself says of each command, found without allocating and whatever the case of the name.

use std::iter::zip;

use redis::Cmd;

use super::{arguments::bytes, rows::ROWS};

/// Name, flags, and the positions of the first and the last key (negative: counted from the end) and the
/// step between keys; 0 where a command has no keys at fixed places.
pub(super) type Row = (&'static str, u16, i8, i8, i8);

/// Flags of a row.
pub(super) mod flag {
    /// None of the others.
    pub(in crate::command) const N: u16 = 0;
    /// Reads the data and changes nothing.
    pub(in crate::command) const R: u16 = 1;
    /// May change the data.
    pub(in crate::command) const W: u16 = 1 << 1;
    /// May hold its connection until something happens.
    pub(in crate::command) const B: u16 = 1 << 2;
    /// Changes the state of its connection.
    pub(in crate::command) const C: u16 = 1 << 3;
    /// Has keys whose places depend on other arguments.
    pub(in crate::command) const M: u16 = 1 << 4;
    /// Has subcommands, which have rows of their own.
    pub(in crate::command) const S: u16 = 1 << 5;
    /// Goes on from a cursor.
    pub(in crate::command) const I: u16 = 1 << 6;
}

/// What the table knows of one command.
#[derive(Clone, Copy)]
pub(super) struct Entry(&'static Row);

impl Entry {
    pub(super) fn name(self) -> &'static str {
        self.0.0
    }

    pub(super) fn is_read_only(self) -> bool {
        self.has(flag::R)
    }

    pub(super) fn is_write(self) -> bool {
        self.has(flag::W)
    }

    pub(super) fn is_blocking(self) -> bool {
        self.has(flag::B)
    }

    /// Neither blocks, nor changes its connection, nor has a cursor, as nearly all commands.
    #[inline]
    pub(super) fn is_plain(self) -> bool {
        !self.has(flag::B | flag::C | flag::I)
    }

    pub(super) fn changes_connection(self) -> bool {
        self.has(flag::C)
    }

    pub(super) fn is_keyed(self) -> bool {
        self.0.2 > 0 || self.has(flag::M)
    }

    /// The places of its keys in a command of `len` words; `None` if they cannot be told from the table.
    pub(super) fn keys(self, len: usize) -> Option<impl Iterator<Item = usize>> {
        let &(_, _, first, last, step) = self.0;
        if self.has(flag::M) {
            return None;
        }
        let end = if last < 0 {
            len.saturating_sub(last.unsigned_abs().into())
        } else {
            last.unsigned_abs().into()
        };
        let first = usize::from(first.unsigned_abs());
        Some((first..=end).step_by(usize::from(step.unsigned_abs()).max(1)))
    }

    fn has(self, flag: u16) -> bool {
        self.0.1 & flag != 0
    }
}

/// The row of a command, or of its subcommand where it has one.
pub(super) fn lookup(command: &Cmd) -> Option<Entry> {
    let mut words = command.args_iter().map(bytes);
    let name = words.next()?;
    let entry = find(name, b"")?;
    if !entry.has(flag::S) {
        return Some(entry);
    }
    Some(words.next().and_then(|subcommand| find(name, subcommand)).unwrap_or(entry))
}

// Twice as many slots as rows keep the chains short: most names are found at the first look.
const SLOTS: usize = 1024;
const _: () = assert!(ROWS.len() * 2 < SLOTS);

/// Open addressing: each slot holds the number of a row plus one, 0 is an empty slot.
static INDEX: [u16; SLOTS] = index();

const fn index() -> [u16; SLOTS] {
    let mut index = [0; SLOTS];
    let mut row = 0;
    while row < ROWS.len() {
        let mut slot = hash(SEED, ROWS[row].0.as_bytes()) as usize % SLOTS;
        while index[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        row += 1;
        index[slot] = row as u16;
    }
    index
}

const SEED: u32 = 0x811c_9dc5;

/// In a letter, what makes it a lower-case one.
const LOWER: u8 = 0x20;

/// FNV-1a, whatever the case of the letters.
const fn hash(mut state: u32, bytes: &[u8]) -> u32 {
    let mut at = 0;
    while at < bytes.len() {
        state = (state ^ (bytes[at] & !LOWER) as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    state
}

fn find(command: &[u8], subcommand: &[u8]) -> Option<Entry> {
    // No name is longer; an argument in the place of a name may be of any length.
    if command.len() + subcommand.len() > 64 {
        return None;
    }
    let mut state = hash(SEED, command);
    if !subcommand.is_empty() {
        state = hash(hash(state, b" "), subcommand);
    }
    let mut slot = state as usize % SLOTS;
    loop {
        let row = &ROWS[usize::from(INDEX[slot].checked_sub(1)?)];
        if is_named(row.0.as_bytes(), command, subcommand) {
            return Some(Entry(row));
        }
        slot = (slot + 1) % SLOTS;
    }
}

fn is_named(name: &[u8], command: &[u8], subcommand: &[u8]) -> bool {
    if subcommand.is_empty() {
        // Nearly all are so short that what compares longer ones faster costs more.
        return name.len() == command.len()
            && zip(name, command).all(|(name, byte)| *name == byte.to_ascii_uppercase());
    }
    let Some((head, tail)) = name.split_at_checked(command.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(command)
        && match tail.split_first() {
            Some((b' ', tail)) => tail.eq_ignore_ascii_case(subcommand),
            _ => false,
        }
}
