//! Numbered messages: a publisher that keeps a ledger of them, a reader that is compared with it, and the story of both
//! through many switches.

mod ledger;
mod publisher;
mod reader;
mod story;

pub use ledger::{Comparison, Ledger};
pub use publisher::{Publisher, send};
pub use reader::{Read, read, read_noting};
pub use story::{Clients, Outcome, Story, subscribers};

/// The channel of all numbered messages.
pub const CHANNEL: &str = "numbers";

/// The key under which each server knows its name; in a cluster, beside [`PUBLISHED`].
pub const NAME: &str = "{numbers}:name";

/// The key under which each server lists the numbers that it has published.
pub const PUBLISHED: &str = "{numbers}:published";
