//! GET, SET and their kin.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Answer, Context, Refusal,
    arguments::{integer, word},
};
use crate::embedded::{
    resp::Value,
    store::{Change, Data},
};

/// The moment a time argument means.
///
/// `unit` is `ex`, `px`, `exat` or `pxat`, as in SET.
pub(super) fn deadline(
    context: &Context<'_>,
    unit: &str,
    argument: &[u8],
    command: &str,
) -> Result<Instant, Refusal> {
    let invalid = || Refusal::new(format!("ERR invalid expire time in '{command}' command"));
    let number = integer(argument)?;
    let number = u64::try_from(number).ok().filter(|number| *number > 0).ok_or_else(invalid)?;
    let time = match unit {
        "ex" | "exat" => Duration::from_secs(number),
        _ => Duration::from_millis(number),
    };
    let instant = match unit {
        "ex" | "px" => Instant::now().checked_add(time),
        _ => context.engine.clock.instant(time),
    };
    instant.ok_or_else(invalid)
}

pub(super) fn get(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::optional(context.keys().read::<Vec<u8>>(&arguments[0])?))
}

pub(super) fn set(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let (key, value) = (&arguments[0], &arguments[1]);
    let (mut must_exist, mut give_old, mut keep, mut expires) = (None, false, false, None);
    let mut options = arguments[2..].iter();
    while let Some(option) = options.next() {
        match word(option).as_str() {
            "nx" if must_exist.is_none() => must_exist = Some(false),
            "xx" if must_exist.is_none() => must_exist = Some(true),
            "get" => give_old = true,
            "keepttl" if expires.is_none() => keep = true,
            unit @ ("ex" | "px" | "exat" | "pxat") if expires.is_none() && !keep => {
                let time = options.next().ok_or(Refusal::SYNTAX)?;
                expires = Some(deadline(context, unit, time, "set")?);
            }
            _ => return Err(Refusal::SYNTAX),
        }
    }

    let mut keys = context.keys();
    let old = if give_old { Some(Value::optional(keys.read::<Vec<u8>>(key)?)) } else { None };
    let existing = keys.entry(key).map(|entry| entry.expires);
    let allowed = must_exist.is_none_or(|must_exist| must_exist == existing.is_some());
    if allowed {
        let expires = if keep { existing.flatten() } else { expires };
        keys.put(key, Data::String(value.clone()), expires);
    }
    Ok(old.unwrap_or(if allowed { Value::OK } else { Value::Null }))
}

pub(super) fn setnx(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    let free = !keys.contains(&arguments[0]);
    if free {
        keys.put(&arguments[0], Data::String(arguments[1].clone()), None);
    }
    Ok(free.into())
}

pub(super) fn setex(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_for(context, arguments, "ex", "setex")
}

pub(super) fn psetex(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    set_for(context, arguments, "px", "psetex")
}

fn set_for(context: &mut Context<'_>, arguments: &[Vec<u8>], unit: &str, command: &str) -> Answer {
    let expires = deadline(context, unit, &arguments[1], command)?;
    context.keys().put(&arguments[0], Data::String(arguments[2].clone()), Some(expires));
    Ok(Value::OK)
}

pub(super) fn getset(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let old = get(context, arguments)?;
    context.keys().put(&arguments[0], Data::String(arguments[1].clone()), None);
    Ok(old)
}

pub(super) fn getdel(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let old = get(context, arguments)?;
    context.keys().remove(&arguments[0]);
    Ok(old)
}

pub(super) fn getex(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let expires = match &arguments[1..] {
        [] => return get(context, arguments),
        [option] if word(option) == "persist" => None,
        [unit, time] => match word(unit).as_str() {
            unit @ ("ex" | "px" | "exat" | "pxat") => Some(deadline(context, unit, time, "getex")?),
            _ => return Err(Refusal::SYNTAX),
        },
        _ => return Err(Refusal::SYNTAX),
    };
    let value = get(context, arguments)?;
    context.keys().set_expiry(&arguments[0], expires);
    Ok(value)
}

pub(super) fn mget(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    // A key of another type is as good as none here.
    let values = arguments.iter().map(|key| Value::optional(keys.read::<Vec<u8>>(key).ok().flatten()));
    Ok(Value::Array(values.collect()))
}

pub(super) fn mset(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let pairs = arguments.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(Refusal::arity("mset"));
    }
    let mut keys = context.keys();
    for pair in pairs {
        keys.put(&pair[0], Data::String(pair[1].clone()), None);
    }
    Ok(Value::OK)
}

pub(super) fn append(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let length = context.keys().update(&arguments[0], |text: &mut Vec<u8>| {
        text.extend_from_slice(&arguments[1]);
        Change::made(text.len())
    })?;
    Ok(Value::count(length))
}

pub(super) fn strlen(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.keys().read::<Vec<u8>>(&arguments[0])?.map_or(0, Vec::len)))
}
