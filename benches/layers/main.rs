//! What the layers cost a call, beside what else there is.
//!
//! All are called on the same no-op service, which is pending once, on a task of its own. Each slice is compared
//! with that round's slice of the bare service; the second line of the table, bare against bare, is the noise.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod noop;
mod ours;
mod peers;

use std::iter::zip;

use benches::{Median, Subject, Threads, interleave};
use tokio::runtime;
use tokio::time::Duration;

const ROUNDS: usize = 41;
const SLICE: Duration = Duration::from_millis(20);

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let mut subjects = vec![
        Subject::new("bare service", noop::PendingOnce),
        Subject::new("bare service again", noop::PendingOnce),
        ours::together(),
    ];
    subjects.extend(ours::apart());
    subjects.extend([peers::tower_resilience(), peers::failsafe(), peers::buffer_over_p2c()]);

    // The first slices warm up.
    interleave(&subjects, Threads::Two, 2, SLICE).await;
    let one = interleave(&subjects, Threads::One, ROUNDS, SLICE).await;
    let two = interleave(&subjects, Threads::Two, ROUNDS, SLICE).await;

    println!("ns a call: median of {ROUNDS} slices of {SLICE:?} (quartiles)");
    println!(
        "{:<20} {:>22} {:>22} {:>22} {:>22}",
        "", "one thread", "more than bare", "two threads", "more than bare"
    );
    for (index, subject) in subjects.iter().enumerate() {
        print!("{:<20}", subject.name);
        for nanos in [&one, &two] {
            let own = Median::of(nanos[index].iter().copied());
            let more = Median::of(zip(&nanos[index], &nanos[0]).map(|(own, bare)| own - bare));
            print!(" {:>22} {:>22}", own.to_string(), more.to_string());
        }
        println!();
    }
}
