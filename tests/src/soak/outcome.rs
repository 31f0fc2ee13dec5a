//! What was seen, and whether it was flat. Pure.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::workload::KINDS;
use crate::Held;

/// What was so at one time, while nobody worked.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Since the beginning.
    pub at: Duration,
    /// How often the active database was lost or left.
    pub faults: usize,
    /// What the process and its servers have.
    pub held: Held,
    /// Kilobytes of memory.
    pub memory: u64,
    /// Pieces of work that were done, of each kind.
    pub answered: [u64; KINDS.len()],
    /// Messages that the subscriber heard.
    pub messages: u64,
    /// Pieces of work that failed.
    pub errors: u64,
    /// Pieces of work that never ended.
    pub hung: u64,
}

/// All rows.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In their order; the first is from after the warm-up.
    pub rows: Vec<Row>,
    /// Pieces of work that had not ended when all was over, or long before.
    pub hung: u64,
}

/// Connections for blocking commands and transactions are kept for a minute, as many as there were workers at a time;
/// each has a task and a descriptor. What leaks at each fault is soon more.
const KEPT: usize = 8;

/// Kilobytes that the allocator may do with after the warm-up.
const MEMORY: u64 = 4 * 1024;

impl Outcome {
    /// What must not be; empty if all is well.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let [first, .., last] = &self.rows[..] else { return vec!["there was too little time".to_owned()] };
        let (was, is) = (first.held, last.held);
        let counts = [
            ("tasks", was.tasks, is.tasks),
            ("descriptors", was.descriptors, is.descriptors),
            ("connections of the primary", was.connections[0], is.connections[0]),
            ("connections of the secondary", was.connections[1], is.connections[1]),
        ];
        let grown = counts.into_iter().filter(|(_, was, is)| *is > was + KEPT);
        let mut violations: Vec<String> =
            grown.map(|(what, was, is)| format!("{was} {what} have become {is}")).collect();
        if last.memory > first.memory + MEMORY {
            violations.push(format!("{} kB have become {}", first.memory, last.memory));
        }
        if self.hung > 0 {
            violations.push(format!("{} calls hung", self.hung));
        }
        for (number, row) in self.rows.iter().enumerate() {
            let former = number.checked_sub(1).map(|former| &self.rows[former]);
            let silent = row.silent_since(former).map(|what| format!("row {}: {what}", number + 1));
            violations.extend(silent);
        }
        violations
    }
}

impl Row {
    /// The heads of the columns of [`Display`](fmt::Display).
    pub const HEAD: &str =
        "      s  faults    answered  messages  errors  hung  tasks  descriptors  connections      kB";

    /// What was not done, or not heard, since the row before this one; or, in the first, at all.
    fn silent_since(&self, former: Option<&Self>) -> impl Iterator<Item = String> {
        let (answered, messages) =
            former.map_or(([0; KINDS.len()], 0), |former| (former.answered, former.messages));
        let counts = self.answered.into_iter().zip(answered).zip(KINDS);
        let unanswered = counts
            .filter(|((is, was), _)| is == was)
            .map(|(_, (kind, _))| format!("none of the {kind} was answered"));
        unanswered.chain((self.messages == messages).then(|| "no message was heard".to_owned()))
    }

    /// The same for machines.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "s": self.at.as_secs_f64(),
            "faults": self.faults,
            "answered": self.answered.iter().sum::<u64>(),
            "answered_of_each": self.answered.iter().zip(KINDS).map(|(answered, (kind, _))| (kind.to_owned(), json!(answered))).collect::<Map<_, _>>(),
            "messages": self.messages,
            "errors": self.errors,
            "hung": self.hung,
            "tasks": self.held.tasks,
            "descriptors": self.held.descriptors,
            "connections": self.held.connections,
            "memory_kb": self.memory,
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, faults, held, memory, answered, messages, errors, hung } = self;
        let answered: u64 = answered.iter().sum();
        let Held { tasks, descriptors, connections: [first, second] } = held;
        write!(
            f,
            "{:>7} {faults:>7} {answered:>11} {messages:>9} {errors:>7} {hung:>5} {tasks:>6} {descriptors:>12} \
             {first:>6} {second:>5} {memory:>7}",
            at.as_secs(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tasks: usize, memory: u64, done: u64) -> Row {
        let held = Held { tasks, descriptors: 30, connections: [6, 6] };
        let answered = [done; KINDS.len()];
        Row { at: Duration::ZERO, faults: 0, held, memory, answered, messages: done, errors: 0, hung: 0 }
    }

    fn violations(rows: Vec<Row>) -> Vec<String> {
        Outcome { rows, hung: 0 }.violations()
    }

    #[test]
    fn what_stays_the_same_is_flat() {
        let rows = vec![row(20, 10_000, 1), row(20 + KEPT, 10_000 + MEMORY, 2)];
        assert_eq!(violations(rows), Vec::<String>::new());
    }

    #[test]
    fn what_grows_is_told() {
        let rows = vec![row(20, 10_000, 1), row(21 + KEPT, 10_001 + MEMORY, 2)];
        assert_eq!(violations(rows).len(), 2);
        assert_eq!(violations(vec![row(20, 10_000, 1)]).len(), 1);
    }

    #[test]
    fn work_of_one_kind_that_is_never_answered_is_told() {
        let (first, mut last) = (row(20, 10_000, 1), row(20, 10_000, 2));
        last.answered[3] = first.answered[3];
        assert_eq!(violations(vec![first, last]), ["row 2: none of the transactions was answered"]);
    }

    #[test]
    fn a_subscriber_that_goes_deaf_is_told() {
        let (first, mut last) = (row(20, 10_000, 1), row(20, 10_000, 2));
        last.messages = first.messages;
        assert_eq!(violations(vec![first, last]), ["row 2: no message was heard"]);
    }

    #[test]
    fn a_first_row_without_anything_is_told() {
        let rows = vec![row(20, 10_000, 0), row(20, 10_000, 1)];
        assert_eq!(violations(rows).len(), KINDS.len() + 1);
    }

    #[test]
    fn a_call_that_hangs_after_the_last_row_is_told() {
        let rows = vec![row(20, 10_000, 1), row(20, 10_000, 2)];
        assert_eq!(Outcome { rows, hung: 1 }.violations(), ["1 calls hung"]);
    }
}
