//! The fault matrix: what befalls a region, what an application does meanwhile, and what is to come of it.
//!
//! A *cell* is a [`Fault`], a [`Workload`] and a [`Configuration`]. What is expected of each cell is written down in
//! `tests/faults/expected.txt`, before it is run; a cell without an expectation is an error.
//!
//! # How a row is run
//!
//! The cells of one fault and one configuration make a *row*, and run side by side: each has a client of its own, with
//! verdicts of its own, and all suffer the same fault at the same moment.
//!
//! 1. A `Stage` is set: real servers of two regions, and what lies between them and the clients (`ground`).
//! 2. The `Clients` start, on a thread and a runtime of their own, so that the stage neither slows them down nor is
//!    slowed down by them; their callers note each call in a `Journal`.
//! 3. The fault happens. One that lasts (`lasting`) is there until everybody has moved who is to; one that
//!    passes (`passing`) takes its time.
//! 4. The callers end, all servers are brought back with whatever they had, and each call that was acknowledged, and
//!    each that was not, is looked up on both by its unique number (`audit`).
//! 5. A [`Cell`] is made of it, and judged.
//!
//! # What stands in for a network
//!
//! Nothing here needs a network namespace. Who connects to a listener whose queue is full is not answered, by the kernel
//! itself. Of 20 % loss it is played what those above TCP see of it: every fifth piece comes when TCP has sent it again.
//! The kernel's own loss (`tc … netem`) is not there on every machine, and would befall both regions on one loopback.
//!
//! # Layout
//!
//! - `expected`: the table of expectations
//! - `fault`: all faults, by name
//! - `ground`: servers and networks
//! - `lasting`, `passing`: what is done to them
//! - `work`: what the callers of each workload do
//! - `journal`, `clients`: who calls, and what became of each call
//! - `audit`, `cell`: what the servers know of it, and what that says
//! - [`run`]: rows, one after another or some at a time
//! - [`report`]: all of it as a page

mod audit;
mod cell;
mod clients;
mod expected;
mod fault;
mod ground;
mod journal;
mod lasting;
mod partition;
mod passing;
pub mod report;
pub mod run;
mod work;

pub use cell::Cell;
pub use expected::{Configuration, Expected, Row, Table};
pub use fault::Fault;
pub use work::Workload;

use clients::Clients;
use ground::Stage;
use journal::Journal;
