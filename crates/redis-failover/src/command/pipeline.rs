//! What applying a whole call twice costs.

use std::collections::HashSet;

use redis::Cmd;

use super::{
    arguments::Arguments,
    repeat::{Depends, Repeat, rule},
    table,
};

/// A pipeline is as repeatable as its least repeatable command, and less where one of its commands looks at
/// data that a *later* one changes: at the repeat it would find them changed. After `GET a; SET a 1` the repeat
/// of `GET` answers 1; after `COPY a b REPLACE; SET a 1` the repeat copies the new value.
pub(super) fn repeat<'a>(commands: impl Iterator<Item = &'a Cmd>) -> Repeat {
    let commands: Vec<&Cmd> = commands.collect();
    let mut written = Written::default();
    let mut worst = if commands.is_empty() { Repeat::Never } else { Repeat::ReadOnly };
    for command in commands.into_iter().rev() {
        let rule = rule(command);
        worst = worst.max(rule.repeat);
        if worst == Repeat::Never {
            break;
        }
        if rule.depends > Depends::Nothing && written.touches(command) {
            worst =
                worst.max(if rule.depends == Depends::Effect { Repeat::Never } else { Repeat::SameEffect });
        }
        if rule.repeat > Repeat::ReadOnly {
            written.add(command);
        }
    }
    worst
}

/// The keys that the commands behind the present one write.
#[derive(Default)]
struct Written<'a> {
    keys: HashSet<&'a [u8]>,
    /// Something is written, it cannot be told where.
    anywhere: bool,
}

impl<'a> Written<'a> {
    fn touches(&self, command: &'a Cmd) -> bool {
        self.anywhere
            || match keys(command) {
                Some(keys) => keys.iter().any(|key| self.keys.contains(key)),
                None => !self.keys.is_empty(), // any of them may be meant
            }
    }

    fn add(&mut self, command: &'a Cmd) {
        match keys(command) {
            Some(keys) => self.keys.extend(keys),
            None => self.anywhere = true,
        }
    }
}

/// The keys that a command names; `None` if that cannot be told, or if it names none and so may speak of
/// anything (`DBSIZE`).
fn keys(command: &Cmd) -> Option<Vec<&[u8]>> {
    let entry = table::lookup(command).filter(|entry| entry.is_keyed())?;
    let words = Arguments::of(command);
    Some(entry.keys(words.len())?.map(|at| words.get(at)).collect())
}
