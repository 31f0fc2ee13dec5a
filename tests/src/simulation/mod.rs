//! Simulation by seed: the client as it is, and embedded servers, in a network of turmoil's on virtual time.
//!
//! A seed decides everything: settings, traffic, faults, jitter, and the order in which tasks run, as far as that is left
//! to chance. The same seed tells the same history, byte for byte, if tokio's own chance is seeded too, which a build with
//! `--cfg tokio_unstable` does; see [`seeded_build`].
//!
//! ```text
//! Plan            what a seed decides beforehand: settings, and which faults befall whom, when, for how long
//!   Director      lets the faults happen, tick by tick
//!   Server ×2..3  an embedded Redis behind a listener of turmoil's, and a publisher inside it
//!   client        the client of this workspace, through turmoil's streams: callers, transactions, subscribers, an
//!                 operator, and an observer of events and snapshots
//! History         what all of them saw, in one order
//!   invariants    pure functions over a history
//! ```
//!
//! # Layout
//!
//! - [`plan`], [`fault`]: what a seed decides;
//! - [`world`]: one run, from the plan to the history; [`director`] lets faults happen;
//! - [`server`], [`network`]: the two ends of the wire;
//! - [`client`], [`workload`]: who uses and watches the client;
//! - [`history`]: what was seen, and its text;
//! - [`invariants`]: what must hold, one module each;
//! - [`campaign`]: many seeds on several threads, and their [`report`].
//!
//! # What the network is
//!
//! Turmoil's segments are delivered at the next tick (10 ms) after their latency. What is sent into a partition is lost
//! for good, as is everything after it on the same connection: a link that heals leaves its old connections silent for
//! ever, as one through a firewall that forgot them does. A held link delivers late.
//!
//! A stall of ours moves the client's clock on alone: as a machine that was suspended, it finds what was sent to it
//! meanwhile a round trip after it wakes. The history is told in the client's time.

pub mod campaign;
pub mod client;
pub mod director;
pub mod fault;
pub mod history;
pub mod invariants;
pub mod network;
pub mod plan;
pub mod report;
pub mod seeded_build;
pub mod server;
pub mod workload;
pub mod world;

use std::time::Duration;

/// How finely the world moves.
pub const TICK: Duration = Duration::from_millis(10);
