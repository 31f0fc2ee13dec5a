//! How measurements are made: short slices in turn, so that a slow moment of the machine meets all that is compared;
//! and instructions counted, which no other work on the machine disturbs.

#![expect(clippy::expect_used, reason = "a broken measurement ends")]

mod allocations;
mod instructions;
mod noop;
pub mod pieces;
mod slices;
mod stack;
mod subject;
pub mod subjects;

pub use allocations::allocations;
pub use instructions::{Executed, count_executed, count_instructions, run_counted, to_be_counted};
pub use noop::{Answer, Noop};
pub use slices::{Median, Threads, interleave};
pub use stack::{AllLayers, Failures, MemberLayers, MemberService, all_layers, balance};
pub use subject::{Calls, Length, Subject};
