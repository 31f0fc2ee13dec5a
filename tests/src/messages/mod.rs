//! Numbered messages: a publisher that keeps a ledger of them, a reader that is compared with it, and the story of both
//! through many switches.

mod ledger;
mod publisher;
mod reader;
mod story;

pub use ledger::{Comparison, Ledger};
pub use publisher::Publisher;
pub use reader::{Read, read};
pub use story::{Clients, Outcome, Story, subscribers};

/// The channel of all numbered messages.
pub const CHANNEL: &str = "numbers";

/// The key under which each server knows its name.
pub const NAME: &str = "name";

/// The key under which each server lists the numbers that it has published.
pub const PUBLISHED: &str = "published";
