//! The table, and what is asked of it.

use std::iter::zip;

use benches::Median;
use tokio::time::Duration;

/// What all layers together may cost a call more than the bare service, pending once.
const BUDGET_NANOS: f64 = 110.0;
/// What a call may cost on two threads at once, as a multiple of one on one thread.
const BUDGET_TWO_THREADS: f64 = 3.0;

/// What was measured of one subject; times in nanoseconds a call, round by round.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ready: Vec<f64>,
    pub(crate) pending: Vec<f64>,
    pub(crate) two_threads: Vec<f64>,
    /// Pending once, on one thread.
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: f64,
}

/// Prints all rows, of which the first is the bare service, and whether the row of all layers is within its budget.
pub(crate) fn print(rows: &[Row], rounds: usize, slice: Duration) {
    let [bare, ..] = rows else { return };
    println!(
        "Nanoseconds of the processor's time a call: the median of {rounds} slices of {slice:?}, and the quartiles."
    );
    println!(
        "\"More\" is more than the bare service in the same round; two threads are compared with one.\n"
    );
    println!(
        "{:<18} {:>16} {:>16} {:>18} {:>18} {:>18} {:>16} {:>12} {:>11}",
        "",
        "ready at once",
        "more",
        "pending once",
        "more",
        "on two threads",
        "÷ one thread",
        "instructions",
        "allocations"
    );
    for row in rows {
        println!(
            "{:<18} {:>16} {:>16} {:>18} {:>18} {:>18} {:>16.1} {:>12} {:>11.1}",
            row.name,
            Median::of(row.ready.iter().copied()),
            more(&row.ready, &bare.ready),
            Median::of(row.pending.iter().copied()),
            more(&row.pending, &bare.pending),
            Median::of(row.two_threads.iter().copied()),
            ratio(&row.two_threads, &row.pending),
            row.instructions.map_or_else(|| "-".into(), |count| format!("{count:.0}")),
            row.allocations,
        );
    }

    println!();
    if let Some(layers) = rows.iter().find(|row| row.name == "all layers") {
        let cost = more(&layers.pending, &bare.pending).middle;
        verdict("all layers, pending once", cost, "ns more than bare", BUDGET_NANOS);
        let two_threads = ratio(&layers.two_threads, &layers.pending).middle;
        verdict("two threads ÷ one", two_threads, "times", BUDGET_TWO_THREADS);
        // What the sweeper allocates every 25 ms is no call's.
        verdict("allocations a call", layers.allocations.round(), "", 0.0);
        println!("The window counted every call of every slice.");
    }
}

fn verdict(what: &str, figure: f64, unit: &str, budget: f64) {
    let met = if figure <= budget { "met" } else { "NOT met" };
    println!("{what:<26} {figure:>6.1} {unit:<18} budget {budget:>4}: {met}");
}

fn more(own: &[f64], bare: &[f64]) -> Median {
    Median::of(zip(own, bare).map(|(own, bare)| own - bare))
}

fn ratio(own: &[f64], base: &[f64]) -> Median {
    Median::of(zip(own, base).map(|(own, base)| own / base))
}
