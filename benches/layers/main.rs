//! What the layers cost a call, beside what else there is (P4).
//!
//! All are called on the same no-op service, once ready at once and once pending once, on a task of its own. Each
//! slice is compared with that round's slice of the bare service; the second line of the table, bare against bare,
//! is the noise. After each slice the window of the failure detector must have counted every call.
//!
//! What two threads do to each other shows only if each has a processor to itself: on a busy machine they run by turns,
//! and the figure is too good.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod table;

use benches::subjects::{find, layers_and_peers};
use benches::{Threads, allocations, count_instructions, interleave, run_counted};
use tokio::runtime::Builder;
use tokio::time::Duration;

use table::Row;

const ROUNDS: usize = 41;
const SLICE: Duration = Duration::from_millis(10);

fn main() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    if run_counted(&runtime, |name| find(&runtime, name)) {
        return;
    }

    let [ready, pending] = &[layers_and_peers::<false>(&runtime), layers_and_peers::<true>(&runtime)];
    let slices = || {
        let ready = ready.iter().map(|subject| (subject, Threads::One));
        let one = pending.iter().map(|subject| (subject, Threads::One));
        ready.chain(one).chain(pending.iter().map(|subject| (subject, Threads::Two)))
    };
    // The first slices warm up.
    let _ = interleave(&runtime, slices(), 2, SLICE);
    let nanos = interleave(&runtime, slices(), ROUNDS, SLICE);

    let rows: Vec<Row> = (0..pending.len())
        .map(|index| {
            let column = |column: usize| nanos[column * pending.len() + index].clone();
            let subject = &pending[index];
            Row {
                name: subject.name,
                ready: column(0),
                pending: column(1),
                two_threads: column(2),
                instructions: count_instructions(subject.name),
                allocations: allocations(&runtime, subject),
            }
        })
        .collect();
    table::print(&rows, ROUNDS, SLICE);
}
