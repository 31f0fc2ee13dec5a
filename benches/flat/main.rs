//! Whether a call costs the same however many members, clones, and calls in the window there are (P9).
//!
//! Instructions are compared with those of the fewest; the processor's time is shown beside, and knows of caches too:
//! ten thousand clones called in turn do not fit into the nearest one.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod crowd;

use std::iter::zip;

use benches::{
    Length, Median, MemberLayers, Noop, Subject, Threads, all_layers, count_instructions, interleave,
    run_counted,
};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Duration;
use tower_failover::{FailureDetectorLayer, Sweeper, Thresholds};
use tower_layer::Layer;

use crowd::Crowd;

const ROUNDS: usize = 31;
const SLICE: Duration = Duration::from_millis(10);
/// How much more than with the fewest a call may cost.
const BUDGET: f64 = 1.05;

/// Each row is compared with the first of its group.
const GROUPS: [&[&str]; 3] = [
    &["2 members", "10 members", "100 members"],
    &["1 clone", "100 clones", "10000 clones"],
    &["10 calls in the window", "100000 calls in the window", "10000000 calls in the window"],
];

fn main() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    if run_counted(&runtime, |name| Some(subject(&runtime, name))) {
        return;
    }

    println!(
        "A call's cost: nanoseconds of the processor's time, the median of {ROUNDS} slices and the quartiles."
    );
    println!("{:<30} {:>18} {:>22} {:>14} {:>9}", "", "ns", "÷ first", "instructions", "÷ first");
    let mut is_flat = true;
    for names in GROUPS {
        let subjects: Vec<Subject> = names.iter().map(|name| subject(&runtime, name)).collect();
        let slices = || subjects.iter().map(|subject| (subject, Threads::One));
        // The first slices warm up.
        let _ = interleave(&runtime, slices(), 2, SLICE);
        let nanos = interleave(&runtime, slices(), ROUNDS, SLICE);
        let instructions: Vec<_> = names.iter().map(|name| count_instructions(name)).collect();
        let fewest = instructions[0];
        for ((name, own), instructions) in zip(zip(names, &nanos), instructions) {
            let ratio = zip(instructions, fewest).map(|(own, fewest)| own / fewest).next();
            is_flat &= ratio.is_none_or(|ratio| ratio <= BUDGET);
            println!(
                "{name:<30} {:>18} {:>22.2} {:>14} {:>9}",
                Median::of(own.iter().copied()),
                Median::of(zip(own, &nanos[0]).map(|(own, first)| own / first)),
                instructions.map_or_else(|| "-".into(), |count| format!("{count:.0}")),
                ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.3}")),
            );
        }
    }
    let met = if is_flat { "met" } else { "NOT met" };
    println!("\ninstructions within 5 % of the first of each group (P9): {met}");
}

/// The subject of a row: a number, and what there are so many of.
fn subject(runtime: &Runtime, name: &str) -> Subject {
    let (number, what) = name.split_once(' ').expect("a number and what it counts");
    let number: usize = number.parse().expect("a number");
    match what {
        "members" => runtime.block_on(async { Subject::new("members", all_layers::<true>(number).0) }),
        "clone" | "clones" => runtime.block_on(async {
            let (service, _) = all_layers::<true>(2);
            Subject::new("clones", Crowd::new(&service, number))
        }),
        _ => window(runtime, number as u64),
    }
}

/// A detector with so many calls in a window that is too long to forget them.
fn window(runtime: &Runtime, calls: u64) -> Subject {
    let layers = runtime.block_on(async { MemberLayers::new("active", &Sweeper::spawn()) });
    let long = Thresholds::new(1000, 0.1, Duration::from_secs(3600)).expect("thresholds");
    let detector = FailureDetectorLayer::new(layers.availability.clone()).thresholds(long);
    // The clock stands: it is the calls that are counted, not the looks at the clock.
    let detector = detector.clock(runtime.block_on(async { Sweeper::spawn() }).clock());
    let filling = Subject::new("filling", detector.layer(Noop::<false>));
    let made = filling.run(runtime, Length::Calls(calls)).made;
    assert_eq!(detector.counts().successes, made, "the window holds them all");
    Subject::new("window", detector.layer(Noop::<true>))
}
