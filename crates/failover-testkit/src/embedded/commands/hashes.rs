//! HSET and its kin.

use super::{
    Answer, Context, Refusal,
    arguments::{ScanOptions, integer},
    keys::scanned,
};
use crate::embedded::{
    resp::Value,
    store::{self, Change, Hash},
};

pub(super) fn hset(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_fields(context, arguments, "hset").map(Value::count)
}

pub(super) fn hmset(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_fields(context, arguments, "hmset").map(|_| Value::OK)
}

/// Says how many of the fields are new.
fn set_fields(context: &mut Context<'_>, arguments: &[Vec<u8>], command: &str) -> Result<usize, Refusal> {
    let pairs = arguments[1..].chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(Refusal::arity(command));
    }
    context.keys().update(&arguments[0], |hash: &mut Hash| {
        let new = pairs.filter(|pair| hash.insert(pair[0].clone(), pair[1].clone()).is_none());
        Change::made(new.count())
    })
}

pub(super) fn hmget(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    let hash = keys.read::<Hash>(&arguments[0])?;
    let values = arguments[1..].iter().map(|field| Value::optional(hash.and_then(|hash| hash.get(field))));
    Ok(Value::Array(values.collect()))
}

pub(super) fn hget(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(Value::optional(keys.read::<Hash>(&arguments[0])?.and_then(|hash| hash.get(&arguments[1]))))
}

pub(super) fn hdel(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let removed = context.keys().update(&arguments[0], |hash: &mut Hash| {
        let removed = arguments[1..].iter().filter(|field| hash.remove(*field).is_some()).count();
        Change::made_if(removed > 0, removed)
    })?;
    Ok(Value::count(removed))
}

pub(super) fn hgetall(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    let fields = keys.read::<Hash>(&arguments[0])?.into_iter().flatten();
    Ok(Value::Map(fields.map(|(field, value)| (Value::text(field), Value::text(value))).collect()))
}

pub(super) fn hlen(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.keys().read::<Hash>(&arguments[0])?.map_or(0, Hash::len)))
}

pub(super) fn hexists(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(keys.read::<Hash>(&arguments[0])?.is_some_and(|hash| hash.contains_key(&arguments[1])).into())
}

pub(super) fn hincrby(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let step = integer(&arguments[2])?;
    let mut keys = context.keys();
    let old = keys.read::<Hash>(&arguments[0])?.and_then(|hash| hash.get(&arguments[1]));
    let old = old
        .map_or(Ok(0), |text| integer(text))
        .map_err(|_| Refusal::fixed("ERR hash value is not an integer"))?;
    let new = old.checked_add(step).ok_or(Refusal::OVERFLOW)?;
    keys.update(&arguments[0], |hash: &mut Hash| {
        hash.insert(arguments[1].clone(), new.to_string().into_bytes());
        Change::made(Value::Integer(new))
    })
}

pub(super) fn hscan(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let options = ScanOptions::read(&arguments[1..])?;
    let mut keys = context.keys();
    let fields = keys.read::<Hash>(&arguments[0])?.into_iter().flatten();
    let (next, found) = store::scan(fields, |(field, _)| field, options.cursor, options.count);
    let wanted = found.into_iter().filter(|(field, _)| options.matches(field));
    Ok(scanned(next, Value::texts(wanted.flat_map(|(field, value)| [field, value]))))
}
