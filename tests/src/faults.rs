//! What befalls a database in a story.

/// Why the active database is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is killed, and started again.
    Kill,
    /// It is stopped, and goes on later.
    Stop,
    /// It is well; the other one is chosen by hand.
    Choice,
}

use Fault::{Choice, Kill, Stop};

/// Eight kills, six stops and six choices.
pub const TWENTY: [Fault; 20] = [
    Kill, Stop, Choice, Kill, Kill, Stop, Choice, Kill, Stop, Choice, Kill, Stop, Kill, Choice, Stop, Kill,
    Choice, Stop, Kill, Choice,
];

/// Three kills, two stops and two choices.
pub const SEVEN: [Fault; 7] = [Kill, Stop, Choice, Kill, Choice, Stop, Kill];
