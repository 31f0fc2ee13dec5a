//! Stories on embedded servers over in-memory streams, on a paused clock.

mod delivery;
mod feed;
mod following;
mod liveness;
mod stage;
mod subscribing;
mod warm;

use redis::{Msg, Value};

use super::PubSubItem;

/// A message on the channel `news`.
pub(super) fn message(payload: &str) -> PubSubItem {
    let words = ["message", "news", payload].map(|word| Value::BulkString(word.into()));
    PubSubItem::Message(Msg::from_owned_value(Value::Array(words.into())).unwrap())
}

pub(super) fn gap(from: &str, to: &str) -> PubSubItem {
    PubSubItem::Gap { from: from.into(), to: to.into() }
}

/// An item in a few words.
pub(super) fn shown(item: &PubSubItem) -> String {
    match item {
        PubSubItem::Message(message) => String::from_utf8_lossy(message.get_payload_bytes()).into_owned(),
        PubSubItem::Gap { from, to } => format!("{from} > {to}"),
        PubSubItem::Lagged(count) => format!("lagged {count}"),
    }
}
