//! A subscriber, and who reads from it.

use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt;
use redis_failover::{PubSub, PubSubItem};
use tokio::time::sleep;

use crate::simulation::{
    client::Witness,
    history::{Item, What},
    plan::server_of,
    server::CHANNEL,
};

/// Reads until the client is closed, and dawdles now and then.
pub async fn read(reader: usize, seed: u64, mut pubsub: PubSub, witness: Witness) {
    let mut random = Rng::with_seed(seed ^ (0xbead + reader as u64));
    if pubsub.subscribe(CHANNEL).await.is_err() {
        return;
    }
    while let Some(item) = pubsub.next().await {
        witness.note(What::Read(reader, understood(item)));
        if random.u32(..40) == 0 {
            sleep(Duration::from_millis(random.u64(0..600))).await;
        }
    }
}

fn understood(item: PubSubItem) -> Item {
    let server = |name: &str| server_of(name).unwrap_or(usize::MAX);
    match item {
        PubSubItem::Gap { from, to } => Item::Gap(server(&from), server(&to)),
        PubSubItem::Lagged(missed) => Item::Lagged(missed),
        PubSubItem::Message(message) => {
            let payload = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
            number(&payload).map_or(Item::Foreign(payload), |(server, number)| Item::Message(server, number))
        }
        other => Item::Foreign(format!("{other:?}")),
    }
}

fn number(payload: &str) -> Option<(usize, u64)> {
    let (name, number) = payload.split_once(':')?;
    Some((server_of(name)?, number.parse().ok()?))
}
