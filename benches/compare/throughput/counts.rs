//! What can be counted: instructions, and allocations.

use benches::count_instructions;
use tokio::runtime::Runtime;

use super::contestant::{Contestant, Kind};
use super::runtime;
use super::slice::{Load, Work};
use crate::report::{Limit, Row};

const INSTRUCTIONS: f64 = 1.02;
/// How many allocations more than the base's.
const ALLOCATIONS: f64 = 1.0;
const COUNTED: Load = Load { callers: 64, work: Work::Get };
const KINDS: [Kind; 4] = [Kind::Ours, Kind::PlainWithoutTimeout, Kind::Manager, Kind::Fred];

/// Instructions a command, as callgrind counts them in this very program.
pub(super) fn instructions([url, standby]: [&str; 2]) -> Vec<Row> {
    let count = |kind: Kind| count_instructions(&format!("{},{url},{standby}", kind.name()));
    let base = count(Kind::Plain);
    let row = |kind: Kind| {
        let case = format!("{}, {}: instructions a command", kind.name(), COUNTED.name());
        let row = match count(kind).zip(base) {
            Some(pair) => Row::ratio(case, &[pair]),
            None => Row::median(format!("{case} (not run: no valgrind)"), &[]),
        };
        // What cannot be counted here is no fault of the product's.
        let is_judged = kind == Kind::Ours && base.is_some();
        if is_judged { row.budget("P2", Limit::AtMost(INSTRUCTIONS)) } else { row }
    };
    KINDS.map(row).into()
}

/// Calls of one contestant, for callgrind.
pub(crate) fn make_calls(calls: u64, what: &str) {
    let [name, url, standby] = what.split(',').collect::<Vec<_>>()[..] else {
        panic!("a contestant and two servers: {what}");
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).expect("a contestant");
    runtime().block_on(async {
        let mut contestant = Contestant::open(kind, [url, standby]).await;
        contestant.calls(COUNTED, calls).await;
    });
}

/// Allocations of a GET by one caller.
pub(super) fn allocations(runtime: &Runtime, urls: [&str; 2]) -> Vec<Row> {
    const CALLS: u64 = 2000;
    let count = |kind| {
        let mut contestant = runtime.block_on(Contestant::open(kind, urls));
        let load = Load { callers: 1, work: Work::Get };
        runtime.block_on(contestant.calls(load, 100));
        let counted = allocation_counter::measure(|| runtime.block_on(contestant.calls(load, CALLS)));
        // What a health check allocates now and then is no call's.
        (counted.count_total as f64 / CALLS as f64).floor()
    };
    let base = count(Kind::Plain);
    let row = |kind: Kind| {
        let row = Row::once(format!("{}, allocations a GET", kind.name()), count(kind)).beside(base);
        if kind == Kind::Ours { row.budget("P3", Limit::AtMost(base + ALLOCATIONS)) } else { row }
    };
    KINDS.map(row).into()
}
