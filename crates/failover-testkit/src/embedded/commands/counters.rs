//! INCR and its kin.

use super::{Answer, Context, Refusal, arguments::integer};
use crate::embedded::{resp::Value, store::Change};

pub(super) fn incr(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    add(context, &arguments[0], 1)
}

pub(super) fn decr(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    add(context, &arguments[0], -1)
}

pub(super) fn incrby(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    add(context, &arguments[0], integer(&arguments[1])?)
}

pub(super) fn decrby(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let step = integer(&arguments[1])?.checked_neg();
    add(context, &arguments[0], step.ok_or(Refusal::fixed("ERR decrement would overflow"))?)
}

fn add(context: &mut Context<'_>, key: &[u8], step: i64) -> Answer {
    let mut keys = context.keys();
    let old = keys.read::<Vec<u8>>(key)?.map_or(Ok(0), |text| integer(text))?;
    let new = old.checked_add(step).ok_or(Refusal::OVERFLOW)?;
    keys.update(key, |text: &mut Vec<u8>| {
        *text = new.to_string().into_bytes();
        Change::made(Value::Integer(new))
    })
}
