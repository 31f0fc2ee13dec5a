//! MULTI, EXEC and WATCH.

use super::{Answer, Context, Outcome, Refusal};
use crate::embedded::{client::Transaction, resp::Value};

pub(super) fn multi(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    let client = context.client();
    if client.transaction.is_some() {
        return Err(Refusal::fixed("ERR MULTI calls can not be nested"));
    }
    client.transaction = Some(Transaction::default());
    Ok(Value::OK)
}

pub(super) fn discard(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    if context.client().transaction.take().is_none() {
        return Err(Refusal::fixed("ERR DISCARD without MULTI"));
    }
    context.engine.unwatch(context.id);
    Ok(Value::OK)
}

pub(super) fn exec(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    let Some(transaction) = context.client().transaction.take() else {
        return Err(Refusal::fixed("ERR EXEC without MULTI"));
    };
    let changed = context.engine.unwatch(context.id);
    if transaction.refused {
        return Err(Refusal::fixed("EXECABORT Transaction discarded because of previous errors."));
    }
    if changed {
        return Ok(Value::NullArray);
    }
    let replies = transaction.queued.iter().map(|(command, arguments)| {
        match context.run(command, arguments) {
            Outcome::Reply(value) | Outcome::Stall(_, value) | Outcome::Close(value) => value,
            // Nothing waits inside a transaction.
            Outcome::Blocked(_) | Outcome::Silent => Value::NullArray,
        }
    });
    Ok(Value::Array(replies.collect()))
}

pub(super) fn watch(context: &mut Context<'_>, keys: &[Vec<u8>]) -> Answer {
    let id = context.id;
    let client = context.client();
    if client.transaction.is_some() {
        return Err(Refusal::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    let database = client.database;
    for key in keys {
        context.engine.watch(id, database, key);
    }
    Ok(Value::OK)
}

pub(super) fn unwatch(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    context.engine.unwatch(context.id);
    Ok(Value::OK)
}
