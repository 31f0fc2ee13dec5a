//! What Redis itself says of each command, found without allocating and whatever the case of the name.

use redis::Cmd;

use super::{
    arguments::bytes,
    index::{find, find_closely},
    rows::{Row, flag},
};

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
    let entry = find(bytes(command.args_iter().next()?)).map(Entry)?;
    if entry.has(flag::S) { subcommand(command).or(Some(entry)) } else { Some(entry) }
}

// Apart, so that those without one do not make room for what this needs.
#[inline(never)]
fn subcommand(command: &Cmd) -> Option<Entry> {
    let mut words = command.args_iter().map(bytes);
    let (command, subcommand) = (words.next()?, words.next()?);
    find_closely(command, subcommand).map(Entry)
}
