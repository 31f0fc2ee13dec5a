//! Whether a call costs the same however many members, clones, and calls in the window there are (P9).
//!
//! Instructions are compared with those of the fewest; the processor's time is shown beside, and knows of caches too:
//! ten thousand clones called in turn do not fit into the nearest one.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

use std::iter::zip;

use benches::subjects::{NUMBERED, find};
use benches::{Median, Subject, Threads, count_instructions, interleave, run_counted};
use tokio::runtime::Builder;
use tokio::time::Duration;

const ROUNDS: usize = 31;
const SLICE: Duration = Duration::from_millis(10);
/// How much more than with the fewest a call may cost.
const BUDGET: f64 = 1.05;

fn main() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    if run_counted(&runtime, |name| find(&runtime, name)) {
        return;
    }

    println!(
        "A call's cost: nanoseconds of the processor's time, the median of {ROUNDS} slices and the quartiles."
    );
    println!("{:<30} {:>18} {:>22} {:>14} {:>9}", "", "ns", "÷ first", "instructions", "÷ first");
    let mut is_flat = true;
    // Each row is compared with the first of its group.
    for names in NUMBERED {
        let subjects: Vec<Subject> = names.iter().filter_map(|name| find(&runtime, name)).collect();
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
