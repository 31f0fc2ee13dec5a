//! Commands for keys of any type.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Answer, Context, Refusal,
    arguments::{ScanOptions, integer},
};
use crate::embedded::{glob, resp::Value, store};

pub(super) fn exists(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(Value::count(arguments.iter().filter(|key| keys.contains(key)).count()))
}

pub(super) fn del(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(Value::count(arguments.iter().filter(|key| keys.contains(key) && keys.remove(key)).count()))
}

pub(super) fn type_of(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    let name = keys.entry(&arguments[0]).map_or("none", |entry| entry.data.type_name());
    Ok(Value::Simple(name.into()))
}

pub(super) fn keys(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let keys = context.keys();
    let matching = keys.live().map(|(key, _)| key).filter(|key| glob::matches(&arguments[0], key));
    Ok(Value::Array(Value::texts(matching)))
}

pub(super) fn scan(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let options = ScanOptions::read(arguments)?;
    let keys = context.keys();
    let (next, found) = store::scan(keys.live(), |(key, _)| key, options.cursor, options.count);
    let wanted = found.into_iter().filter(|(key, entry)| {
        let type_wanted = options.type_name.as_deref().is_none_or(|name| name == entry.data.type_name());
        type_wanted && options.matches(key)
    });
    Ok(scanned(next, Value::texts(wanted.map(|(key, _)| key))))
}

/// The reply of one step of a scan.
pub(super) fn scanned(next: u64, items: Vec<Value>) -> Value {
    Value::Array(vec![Value::text(next.to_string()), Value::Array(items)])
}

pub(super) fn expire(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_expiry(context, arguments, 1_000, "expire")
}

pub(super) fn pexpire(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_expiry(context, arguments, 1, "pexpire")
}

fn set_expiry(context: &mut Context<'_>, arguments: &[Vec<u8>], unit: i64, command: &str) -> Answer {
    let invalid = || Refusal::new(format!("ERR invalid expire time in '{command}' command"));
    let milliseconds = integer(&arguments[1])?.checked_mul(unit).ok_or_else(invalid)?;
    // A time in the past removes the key.
    let time = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    let expires = Instant::now().checked_add(time).ok_or_else(invalid)?;
    Ok(context.keys().set_expiry(&arguments[0], Some(expires)).into())
}

pub(super) fn persist(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    let had_one = keys.entry(&arguments[0]).is_some_and(|entry| entry.expires.is_some());
    Ok((had_one && keys.set_expiry(&arguments[0], None)).into())
}

pub(super) fn ttl(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    time_left(context, &arguments[0], |left| (left.as_millis() + 500) / 1_000)
}

pub(super) fn pttl(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    time_left(context, &arguments[0], |left| left.as_millis())
}

fn time_left(context: &mut Context<'_>, key: &[u8], unit: fn(Duration) -> u128) -> Answer {
    let mut keys = context.keys();
    let now = keys.now();
    Ok(Value::Integer(match keys.entry(key).map(|entry| entry.expires) {
        None => -2,
        Some(None) => -1,
        Some(Some(expires)) => i64::try_from(unit(expires - now)).unwrap_or(i64::MAX),
    }))
}

pub(super) fn dbsize(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.keys().live().count()))
}

pub(super) fn flushdb(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    context.keys().clear();
    Ok(Value::OK)
}

pub(super) fn flushall(context: &mut Context<'_>, _: &[Vec<u8>]) -> Answer {
    context.engine.store.clear();
    Ok(Value::OK)
}
