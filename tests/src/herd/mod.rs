//! A herd: a client in each of many processes, as it were, at one primary that is lost and comes back (B36).
//!
//! Each client wants two connections of each server, one for commands and one for its health checks. Where the primary
//! has room for all of them, everybody leaves and returns once. Where it has not, who got a connection is served there,
//! and who got none stays at the secondary and asks at a pace that a server can bear.
//!
//! - [`Scale`]: how large a herd, and how long it is watched; [`stampede`]: the story, on real servers with TLS
//! - [`Report`]: what came of it, and what of it [must not be](Report::violations)
//! - `moves`, `dials`: where the clients were, and what the server counted; pure
//! - `member`, `gauge`: one client with its calls; who reads the server's counters

mod dials;
mod gauge;
mod member;
mod moves;
mod report;
mod story;

pub use dials::{Dials, Sample};
pub use moves::{Moves, Place};
pub use report::Report;
pub use story::{Scale, stampede};
