//! What was seen, and whether it was flat. Pure.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

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
    /// Pieces of work that were done.
    pub answered: u64,
    /// Messages and gaps that the subscriber heard.
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
        if last.hung > 0 {
            violations.push(format!("{} calls hung", last.hung));
        }
        if self.rows.windows(2).any(|rows| rows[0].answered == rows[1].answered) {
            violations.push("nothing was answered for a whole row".to_owned());
        }
        violations
    }
}

impl Row {
    /// The heads of the columns of [`Display`](fmt::Display).
    pub const HEAD: &str =
        "      s  faults    answered  messages  errors  hung  tasks  descriptors  connections      kB";

    /// The same for machines.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "s": self.at.as_secs_f64(),
            "faults": self.faults,
            "answered": self.answered,
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

    fn row(tasks: usize, memory: u64, answered: u64) -> Row {
        let held = Held { tasks, descriptors: 30, connections: [6, 6] };
        Row { at: Duration::ZERO, faults: 0, held, memory, answered, messages: 0, errors: 0, hung: 0 }
    }

    #[test]
    fn what_stays_the_same_is_flat() {
        let rows = vec![row(20, 10_000, 1), row(20 + KEPT, 10_000 + MEMORY, 2)];
        assert_eq!(Outcome { rows }.violations(), Vec::<String>::new());
    }

    #[test]
    fn what_grows_is_told() {
        let rows = vec![row(20, 10_000, 1), row(21 + KEPT, 10_001 + MEMORY, 1)];
        assert_eq!(Outcome { rows }.violations().len(), 3);
        assert_eq!(Outcome { rows: vec![row(20, 10_000, 1)] }.violations().len(), 1);
    }
}
