//! What the layers cost a call, beside other stacks (P4), and whether that depends on how many of anything there are (P9).
//!
//! All are called on the same no-op service, which is pending once. Each slice is compared with that round's slice of the
//! bare service.

mod numbered;

use std::iter::zip;
use std::time::Duration;

use benches::subjects::{ALL_LAYERS, BARE_AGAIN, find, layers_and_peers};
use benches::{Length, Subject, Threads, allocations, count_instructions, interleave};
use tokio::runtime::{Builder, Runtime};

use crate::report::{Limit, Part, Row};

const SLICE: Duration = Duration::from_millis(10);
/// Nanoseconds more than the bare service.
const MORE: f64 = 110.0;
/// A call on two threads at once, as a multiple of one on one thread.
const TWO_THREADS: f64 = 3.0;

pub(crate) fn measure(short: bool) -> Part {
    let runtime = runtime();
    let rounds = if short { 21 } else { 41 };
    let mut part = Part { rows: layers(&runtime, short, rounds), ..Part::default() };
    numbered::measure(&runtime, short, rounds, &mut part);
    part
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Calls of the subject of this name, for callgrind; `false` if there is none.
pub(crate) fn make_calls(calls: u64, name: &str) -> bool {
    let runtime = runtime();
    let subject = find(&runtime, name);
    subject.map(|subject| subject.run(&runtime, Length::Calls(calls))).is_some()
}

fn layers(runtime: &Runtime, short: bool, rounds: usize) -> Vec<Row> {
    let subjects = layers_and_peers::<true>(runtime);
    let slices = || {
        let one = subjects.iter().map(|subject| (subject, Threads::One));
        one.chain(subjects.iter().map(|subject| (subject, Threads::Two)))
    };
    // The first slices warm up.
    let _ = interleave(runtime, slices(), 2, SLICE);
    let nanos = interleave(runtime, slices(), rounds, SLICE);
    let (one, two) = nanos.split_at(subjects.len());
    // The first is the bare service itself.
    let shown = subjects.iter().zip(zip(one, two)).skip(1);
    shown.flat_map(|(subject, (own, two))| rows(runtime, short, subject, [own, two, &one[0]])).collect()
}

fn rows(runtime: &Runtime, short: bool, subject: &Subject, [own, two, bare]: [&[f64]; 3]) -> Vec<Row> {
    let name = subject.name.trim();
    let case = |what: &str| format!("{name}, pending once: {what}");
    let more: Vec<f64> = zip(own, bare).map(|(own, bare)| own - bare).collect();
    let more = Row::median(case("ns more than the bare service"), &more);
    if name == BARE_AGAIN {
        return vec![more];
    }
    let together: Vec<(f64, f64)> = zip(two.iter().copied(), own.iter().copied()).collect();
    let threads = Row::ratio(case("ns on two threads ÷ on one"), &together);
    // What the sweeper allocates every 25 ms is no call's.
    let allocations = Row::once(case("allocations"), allocations(runtime, subject).round());
    let is_counted = !short || name == ALL_LAYERS;
    let instructions = is_counted.then(|| count_instructions(subject.name)).flatten();
    let instructions = instructions.map(|count| Row::once(case("instructions"), count));
    let mut rows = if name == ALL_LAYERS {
        vec![
            more.budget("P4", Limit::AtMost(MORE)),
            threads.budget("P4", Limit::AtMost(TWO_THREADS)),
            allocations.budget("P4", Limit::AtMost(0.0)),
        ]
    } else {
        vec![more, threads, allocations]
    };
    rows.extend(instructions);
    rows
}
