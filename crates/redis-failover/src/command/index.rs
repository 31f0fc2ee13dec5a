//! The rows of the table by their names.
//!
//! Most commands, and nearly all that are called often, have short names of letters alone: such a one is a word, and is
//! found by comparing words. All other names are compared letter by letter.

use super::rows::{ROWS, Row};

// Twice as many slots as rows keep the chains short: most names are found at the first look.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 10;
const _: () = assert!(ROWS.len() * 2 < SLOTS);

/// Open addressing.
static INDEX: [Slot; SLOTS] = index();

#[derive(Clone, Copy)]
struct Slot {
    /// The name in one word, if it is [short](short_name) and has only letters: such a one is known at one look.
    short: u64,
    /// The number of a row plus one; 0 is an empty slot.
    row: u16,
}

/// In the place of a short name: no letters give it.
const LONG: u64 = u64::MAX;

const fn index() -> [Slot; SLOTS] {
    let mut index = [Slot { short: LONG, row: 0 }; SLOTS];
    let mut row = 0;
    while row < ROWS.len() {
        let name = ROWS[row].0.as_bytes();
        let (short, mut slot) = match short_name(name) {
            Some(short) if has_only_letters(name) => (short, short_slot(short)),
            _ => (LONG, long_slot(hash(SEED, name))),
        };
        while index[slot].row != 0 {
            slot = (slot + 1) % SLOTS;
        }
        row += 1;
        index[slot] = Slot { short, row: row as u16 };
    }
    index
}

const fn has_only_letters(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        if !name[at].is_ascii_alphabetic() {
            return false;
        }
        at += 1;
    }
    true
}

/// In a letter, what makes it a lower-case one.
const LOWER: u8 = 0x20;

/// A name of one to eight bytes in one word, whatever the case of its letters.
#[inline]
const fn short_name(name: &[u8]) -> Option<u64> {
    const EACH_BYTE: u64 = u64::MAX / u8::MAX as u64;
    let len = name.len();
    let word = match *name {
        [] | [_, _, _, _, _, _, _, _, _, ..] => return None,
        [a, b, c, d, ..] => {
            let last = [name[len - 4], name[len - 3], name[len - 2], name[len - 1]];
            // Bytes that are in both halves fall on themselves.
            u32::from_le_bytes([a, b, c, d]) as u64 | (u32::from_le_bytes(last) as u64) << (8 * (len - 4))
        }
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]) as u64,
        [a, b] => u16::from_le_bytes([a, b]) as u64,
        [a] => a as u64,
    };
    Some(word & !(LOWER as u64 * EACH_BYTE))
}

/// Where to look first for a short name: Fibonacci hashing, by 2^64 over the golden ratio.
const fn short_slot(short: u64) -> usize {
    (short.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOT_BITS)) as usize
}

/// Where to look first for any other name, by its [`hash`].
const fn long_slot(hash: u32) -> usize {
    hash as usize % SLOTS
}

const SEED: u32 = 0x811c_9dc5;

/// FNV-1a, whatever the case of the letters.
const fn hash(mut state: u32, bytes: &[u8]) -> u32 {
    let mut at = 0;
    while at < bytes.len() {
        state = (state ^ (bytes[at] & !LOWER) as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    state
}

/// The row of this command.
#[inline]
pub(super) fn find(command: &[u8]) -> Option<&'static Row> {
    if let Some(short) = short_name(command) {
        let is_it = |seen, name: &str| seen == short && name.len() == command.len();
        let found = search(short_slot(short), is_it);
        if found.is_some() {
            return found;
        }
    }
    find_closely(command, b"")
}

/// The row of a command, or of its subcommand unless that is empty, if its name is not a short one of letters alone.
// Apart, so that the usual search does not make room for what this needs.
#[inline(never)]
pub(super) fn find_closely(command: &[u8], subcommand: &[u8]) -> Option<&'static Row> {
    // No name is longer; an argument in the place of a name may be of any length.
    if command.len() + subcommand.len() > 64 {
        return None;
    }
    let mut state = hash(SEED, command);
    if !subcommand.is_empty() {
        state = hash(hash(state, b" "), subcommand);
    }
    search(long_slot(state), |_, name| is_named(name.as_bytes(), command, subcommand))
}

/// The first entry from this slot on that is the one, by its short name and its name.
#[inline]
fn search(mut slot: usize, is_it: impl Fn(u64, &str) -> bool) -> Option<&'static Row> {
    loop {
        let Slot { short, row } = INDEX[slot];
        let row = &ROWS[usize::from(row.checked_sub(1)?)];
        if is_it(short, row.0) {
            return Some(row);
        }
        slot = (slot + 1) % SLOTS;
    }
}

fn is_named(name: &[u8], command: &[u8], subcommand: &[u8]) -> bool {
    if subcommand.is_empty() {
        return name.eq_ignore_ascii_case(command);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_of_letters_are_known_at_one_look_and_few_looks_find_any() {
        for row in ROWS {
            let name = row.0.as_bytes();
            let slot = INDEX
                .iter()
                .position(|slot| usize::from(slot.row).checked_sub(1).is_some_and(|at| ROWS[at] == *row));
            let slot = slot.unwrap();
            let is_short = name.len() <= 8 && name.iter().all(u8::is_ascii_uppercase);
            assert_eq!(INDEX[slot].short != LONG, is_short, "{}", row.0);
            let first = if is_short { short_slot(INDEX[slot].short) } else { long_slot(hash(SEED, name)) };
            assert!((slot + SLOTS - first) % SLOTS < 8, "{}", row.0);
        }
    }

    #[test]
    fn a_short_name_is_a_word_of_its_letters() {
        for name in ["W", "HI", "GET", "HGET", "HSCAN", "EXPIRE", "HGETALL", "SMEMBERS"] {
            let mut word = [0; 8];
            word[..name.len()].copy_from_slice(name.as_bytes());
            assert_eq!(short_name(name.as_bytes()), Some(u64::from_le_bytes(word)), "{name}");
            assert_eq!(short_name(name.to_lowercase().as_bytes()), Some(u64::from_le_bytes(word)), "{name}");
        }
        assert_eq!((short_name(b""), short_name(b"GEOSEARCH")), (None, None));
    }
}
