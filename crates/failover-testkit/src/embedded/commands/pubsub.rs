//! SUBSCRIBE, PUBLISH and their kin.

use super::{Answer, Context, Outcome, Refusal};
use crate::embedded::{pubsub::Kind, resp::Value};

pub(super) fn subscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(add(context, names, Kind::Channel, "subscribe"))
}

pub(super) fn psubscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(add(context, names, Kind::Pattern, "psubscribe"))
}

pub(super) fn ssubscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(add(context, names, Kind::Shard, "ssubscribe"))
}

pub(super) fn unsubscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(remove(context, names, Kind::Channel, "unsubscribe"))
}

pub(super) fn punsubscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(remove(context, names, Kind::Pattern, "punsubscribe"))
}

pub(super) fn sunsubscribe(context: &mut Context<'_>, names: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    Ok(remove(context, names, Kind::Shard, "sunsubscribe"))
}

pub(super) fn publish(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.engine.pubsub.publish(&arguments[0], &arguments[1])))
}

pub(super) fn spublish(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.engine.pubsub.publish_to_shard(&arguments[0], &arguments[1])))
}

fn add(context: &mut Context<'_>, names: &[Vec<u8>], kind: Kind, verb: &str) -> Outcome {
    let id = context.id;
    for name in names {
        let client = context.client();
        client.subscriptions.insert((kind, name.clone()));
        let outbox = client.outbox.clone();
        context.engine.pubsub.subscribe(kind, name, id, &outbox);
        confirm(context, kind, verb, Some(name));
    }
    Outcome::Silent
}

fn remove(context: &mut Context<'_>, names: &[Vec<u8>], kind: Kind, verb: &str) -> Outcome {
    let id = context.id;
    let subscribed = context.client().subscriptions.iter().filter(|(other, _)| *other == kind);
    // Without names, all of the kind.
    let names = match names {
        [] => subscribed.map(|(_, name)| name.clone()).collect(),
        names => names.to_vec(),
    };
    for name in &names {
        context.client().subscriptions.remove(&(kind, name.clone()));
        context.engine.pubsub.unsubscribe(kind, name, id);
        confirm(context, kind, verb, Some(name));
    }
    if names.is_empty() {
        confirm(context, kind, verb, None);
    }
    Outcome::Silent
}

/// Sent at once, so that no message of the channel can come before it.
fn confirm(context: &mut Context<'_>, kind: Kind, verb: &str, name: Option<&Vec<u8>>) {
    let client = context.client();
    // Shard channels are counted apart from channels and patterns.
    let counted = |other: Kind| (other == Kind::Shard) == (kind == Kind::Shard);
    let count = client.subscriptions.iter().filter(|(other, _)| counted(*other)).count();
    client.outbox.send(&Value::Push(vec![Value::text(verb), Value::optional(name), Value::count(count)]));
}
