//! LPUSH and its kin, and the pops that wait.

use std::ops::Range;

use super::{
    Answer, Context, Outcome, Refusal,
    arguments::{count, integer, timeout},
};
use crate::embedded::{
    resp::Value,
    store::{Change, List},
};

type Pop = fn(&mut List) -> Option<Vec<u8>>;

pub(super) fn lpush(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    push(context, arguments, List::push_front)
}

pub(super) fn rpush(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    push(context, arguments, List::push_back)
}

fn push(context: &mut Context<'_>, arguments: &[Vec<u8>], push: fn(&mut List, Vec<u8>)) -> Answer {
    let length = context.keys().update(&arguments[0], |list: &mut List| {
        for item in &arguments[1..] {
            push(list, item.clone());
        }
        Change::made(list.len())
    })?;
    context.engine.list_grew.notify_waiters();
    Ok(Value::count(length))
}

pub(super) fn lpop(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    pop(context, arguments, "lpop", List::pop_front)
}

pub(super) fn rpop(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    pop(context, arguments, "rpop", List::pop_back)
}

fn pop(context: &mut Context<'_>, arguments: &[Vec<u8>], command: &str, pop: Pop) -> Answer {
    let key = &arguments[0];
    match &arguments[1..] {
        [] => Ok(Value::optional(pop_one(context, key, pop)?)),
        [number] => {
            let number =
                count(number).map_err(|_| Refusal::fixed("ERR value is out of range, must be positive"))?;
            if !context.keys().contains(key) {
                return Ok(Value::NullArray);
            }
            let items = context.keys().update(key, |list: &mut List| {
                let items: Vec<_> = std::iter::from_fn(|| pop(list)).take(number).collect();
                Change::made_if(!items.is_empty(), items)
            })?;
            Ok(Value::Array(Value::texts(items)))
        }
        _ => Err(Refusal::arity(command)),
    }
}

fn pop_one(context: &mut Context<'_>, key: &[u8], pop: Pop) -> Result<Option<Vec<u8>>, Refusal> {
    context.keys().update(key, |list: &mut List| {
        let item = pop(list);
        Change::made_if(item.is_some(), item)
    })
}

pub(super) fn blpop(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    blocking_pop(context, arguments, List::pop_front)
}

pub(super) fn brpop(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Result<Outcome, Refusal> {
    blocking_pop(context, arguments, List::pop_back)
}

fn blocking_pop(context: &mut Context<'_>, arguments: &[Vec<u8>], pop: Pop) -> Result<Outcome, Refusal> {
    let (last, keys) = arguments.split_last().ok_or(Refusal::SYNTAX)?;
    let timeout = timeout(last)?;
    for key in keys {
        if let Some(item) = pop_one(context, key, pop)? {
            return Ok(Outcome::Reply(Value::Array(Value::texts([key, &item]))));
        }
    }
    Ok(Outcome::Blocked(timeout))
}

pub(super) fn llen(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.keys().read::<List>(&arguments[0])?.map_or(0, List::len)))
}

pub(super) fn lrange(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let (first, last) = (integer(&arguments[1])?, integer(&arguments[2])?);
    let mut keys = context.keys();
    let items = keys
        .read::<List>(&arguments[0])?
        .map_or_else(Vec::new, |list| Value::texts(list.range(span(first, last, list.len()))));
    Ok(Value::Array(items))
}

pub(super) fn ltrim(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let (first, last) = (integer(&arguments[1])?, integer(&arguments[2])?);
    context.keys().update(&arguments[0], |list: &mut List| {
        let kept = span(first, last, list.len());
        list.truncate(kept.end);
        list.drain(..kept.start);
        Change::made(Value::OK)
    })
}

/// The positions from `first` to `last`, both included, where negative ones count from the end.
fn span(first: i64, last: i64, length: usize) -> Range<usize> {
    let end = i64::try_from(length).unwrap_or(i64::MAX);
    let position = |index: i64| if index < 0 { index.saturating_add(end) } else { index };
    let first = usize::try_from(position(first)).unwrap_or(0).min(length);
    let after = usize::try_from(position(last).saturating_add(1)).unwrap_or(0).min(length);
    first.min(after)..after
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn positions_count_from_both_ends() {
        assert_eq!(span(0, -1, 5), 0..5);
        assert_eq!(span(1, 2, 5), 1..3);
        assert_eq!(span(-2, -1, 5), 3..5);
        assert_eq!(span(-100, 100, 5), 0..5);
        assert!(span(3, 1, 5).is_empty());
        assert!(span(i64::MIN, i64::MIN, 5).is_empty());
        assert_eq!(span(0, i64::MAX, 5), 0..5);
    }
}
