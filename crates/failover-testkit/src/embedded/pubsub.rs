//! Who listens to what.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    client::{ClientId, Outbox},
    glob,
    resp::Value,
};

/// The three kinds of subscription; a shard channel is a name space of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Channel,
    Pattern,
    Shard,
}

/// All subscriptions of all clients.
#[derive(Debug, Default)]
pub(super) struct PubSub {
    subscribers: BTreeMap<(Kind, Vec<u8>), BTreeMap<ClientId, Arc<Outbox>>>,
}

impl PubSub {
    pub(super) fn subscribe(&mut self, kind: Kind, name: &[u8], client: ClientId, outbox: &Arc<Outbox>) {
        let subscribers = self.subscribers.entry((kind, name.to_vec())).or_default();
        subscribers.insert(client, Arc::clone(outbox));
    }

    pub(super) fn unsubscribe(&mut self, kind: Kind, name: &[u8], client: ClientId) {
        let key = (kind, name.to_vec());
        if let Some(subscribers) = self.subscribers.get_mut(&key) {
            subscribers.remove(&client);
            if subscribers.is_empty() {
                self.subscribers.remove(&key);
            }
        }
    }

    pub(super) fn forget(&mut self, client: ClientId, subscriptions: &BTreeSet<(Kind, Vec<u8>)>) {
        for (kind, name) in subscriptions {
            self.unsubscribe(*kind, name, client);
        }
    }

    /// Sends a message to a channel's subscribers and to those of matching patterns; says to how many.
    pub(super) fn publish(&self, channel: &[u8], payload: &[u8]) -> usize {
        let patterns = self
            .subscribers
            .iter()
            .filter(|((kind, name), _)| *kind == Kind::Pattern && glob::matches(name, channel))
            .map(|((_, name), subscribers)| {
                send(subscribers, &[b"pmessage".as_slice(), name, channel, payload])
            });
        self.send_to(Kind::Channel, channel, payload) + patterns.sum::<usize>()
    }

    /// As [`publish`](Self::publish), to a shard channel.
    pub(super) fn publish_to_shard(&self, channel: &[u8], payload: &[u8]) -> usize {
        self.send_to(Kind::Shard, channel, payload)
    }

    fn send_to(&self, kind: Kind, channel: &[u8], payload: &[u8]) -> usize {
        let title: &[u8] = if kind == Kind::Shard { b"smessage" } else { b"message" };
        let subscribers = self.subscribers.get(&(kind, channel.to_vec()));
        subscribers.map_or(0, |subscribers| send(subscribers, &[title, channel, payload]))
    }
}

fn send(subscribers: &BTreeMap<ClientId, Arc<Outbox>>, parts: &[&[u8]]) -> usize {
    let message = Value::Push(Value::texts(parts));
    for outbox in subscribers.values() {
        outbox.send(&message);
    }
    subscribers.len()
}
