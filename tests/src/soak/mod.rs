//! A client that flaps under load for as long as one likes, and what it holds meanwhile (B42).
//!
//! - [`soak`]: the story; every few seconds the active database is killed, stopped, or left by hand
//! - [`Row`]: what was held at one time, and done until then; [`Outcome`]: all rows, and whether they were flat
//! - `workload`: everything that a client can be used for, all the time

mod outcome;
mod story;
mod workload;

pub use outcome::{Outcome, Row};
pub use story::soak;
