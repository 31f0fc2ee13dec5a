//! Allocations, counted.

use tokio::runtime::Runtime;

use crate::subject::{Length, Subject};

/// Allocations a call of this subject, in many calls on this thread.
///
/// # Panics
/// If a call does.
#[must_use]
pub fn allocations(runtime: &Runtime, subject: &Subject) -> f64 {
    let mut made = 0;
    let counted = allocation_counter::measure(|| made = subject.run(runtime, Length::Calls(10_000)).made);
    counted.count_total as f64 / made as f64
}
