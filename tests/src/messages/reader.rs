//! The reader.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use redis_failover::{PubSub, PubSubItem};
use tokio::{task::JoinHandle, time::timeout};

/// How long nothing comes before a reader that was told to end does so.
const QUIET: Duration = Duration::from_millis(500);

/// What a reader read, in few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// A number.
    Number(u64),
    /// From one server to another.
    Gap(String, String),
}

/// Reads until nothing has come for a while, or the stream ends.
pub fn read(pubsub: PubSub, ended: Arc<AtomicBool>) -> JoinHandle<Vec<Read>> {
    read_noting(pubsub, ended, QUIET, |_| {})
}

/// As [`read`], for this while, and tells each item as soon as it is read.
pub fn read_noting(
    mut pubsub: PubSub,
    ended: Arc<AtomicBool>,
    quiet: Duration,
    mut note: impl FnMut(&Read) + Send + 'static,
) -> JoinHandle<Vec<Read>> {
    tokio::spawn(async move {
        let mut items = Vec::new();
        loop {
            let item = match timeout(quiet, pubsub.next()).await {
                Ok(Some(PubSubItem::Message(message))) => Read::Number(message.get_payload().unwrap()),
                Ok(Some(PubSubItem::Gap { from, to })) => Read::Gap(from.to_string(), to.to_string()),
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return items,
                Err(_) if ended.load(Ordering::Relaxed) => return items,
                Err(_) => continue,
            };
            note(&item);
            items.push(item);
        }
    })
}
