//! SADD and its kin.

use super::{Answer, Context, arguments::ScanOptions, keys::scanned};
use crate::embedded::{
    resp::Value,
    store::{self, Change, Set},
};

pub(super) fn sadd(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let added = context.keys().update(&arguments[0], |set: &mut Set| {
        let added = arguments[1..].iter().filter(|member| set.insert(member.to_vec())).count();
        Change::made_if(added > 0, added)
    })?;
    Ok(Value::count(added))
}

pub(super) fn srem(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let removed = context.keys().update(&arguments[0], |set: &mut Set| {
        let removed = arguments[1..].iter().filter(|member| set.remove(*member)).count();
        Change::made_if(removed > 0, removed)
    })?;
    Ok(Value::count(removed))
}

pub(super) fn smembers(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(Value::Set(keys.read::<Set>(&arguments[0])?.map_or_else(Vec::new, Value::texts)))
}

pub(super) fn sismember(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let mut keys = context.keys();
    Ok(keys.read::<Set>(&arguments[0])?.is_some_and(|set| set.contains(&arguments[1])).into())
}

pub(super) fn scard(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    Ok(Value::count(context.keys().read::<Set>(&arguments[0])?.map_or(0, Set::len)))
}

pub(super) fn sscan(context: &mut Context<'_>, arguments: &[Vec<u8>]) -> Answer {
    let options = ScanOptions::read(&arguments[1..])?;
    let mut keys = context.keys();
    let members = keys.read::<Set>(&arguments[0])?.into_iter().flatten();
    let (next, found) = store::scan(members, |member| member, options.cursor, options.count);
    let wanted = found.into_iter().filter(|member| options.matches(member));
    Ok(scanned(next, Value::texts(wanted)))
}
