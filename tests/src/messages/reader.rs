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
pub fn read(mut pubsub: PubSub, ended: Arc<AtomicBool>) -> JoinHandle<Vec<Read>> {
    tokio::spawn(async move {
        let mut items = Vec::new();
        loop {
            match timeout(QUIET, pubsub.next()).await {
                Ok(Some(PubSubItem::Message(message))) => {
                    items.push(Read::Number(message.get_payload().unwrap()));
                }
                Ok(Some(PubSubItem::Gap { from, to })) => {
                    items.push(Read::Gap(from.to_string(), to.to_string()));
                }
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return items,
                Err(_) if ended.load(Ordering::Relaxed) => return items,
                Err(_) => {}
            }
        }
    })
}
