//! What a subscriber reads.

use redis::Msg;
use tower_failover::event::Name;

/// What a subscriber reads: a message, or what it must know about those it does not get.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PubSubItem {
    /// A message of the active database.
    Message(Msg),
    /// Messages may be missing here: all before are of `from`, all after are of `to`. The same name twice is a
    /// reconnect (B45).
    Gap {
        /// The database before.
        from: Name,
        /// The database from here on.
        to: Name,
    },
    /// This reader was too slow, and so many messages were dropped here.
    Lagged(u64),
}

impl PubSubItem {
    /// The message, if it is one.
    #[must_use]
    pub fn into_message(self) -> Option<Msg> {
        match self {
            Self::Message(message) => Some(message),
            Self::Gap { .. } | Self::Lagged(_) => None,
        }
    }

    /// About how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                // What a pattern adds is as good as nothing: its text is as short as a channel's.
                Self::Message(message) => {
                    2 * message.get_channel_name().len() + message.get_payload_bytes().len()
                }
                Self::Gap { .. } | Self::Lagged(_) => 0,
            }
    }
}
