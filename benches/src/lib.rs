//! How measurements are made: short slices in turn, so that a slow moment of the machine meets all that is compared.

#![expect(clippy::expect_used, reason = "a broken measurement ends")]

mod slices;
mod subject;

pub use slices::{Median, Threads, interleave};
pub use subject::{Calls, Subject};
