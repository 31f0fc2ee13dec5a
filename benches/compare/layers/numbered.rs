//! Many members, many clones, many calls in the window: each compared with few.

use std::iter::zip;

use benches::subjects::{NUMBERED, find};
use benches::{Median, Subject, Threads, count_instructions, interleave};
use tokio::runtime::Runtime;

use super::SLICE;
use crate::report::{Limit, Line, Part, Row, Series};

/// How much more than with the fewest a call may cost, in instructions: caches make the times differ.
const FLAT: f64 = 1.05;
/// Ten million calls take callgrind a minute.
const TAKES_LONG: &str = "10000000 calls in the window";

/// What each group is plotted as.
const PLOTS: [(&str, &str, &str); 3] = [
    ("members", "members of the balance", "all layers"),
    ("clones", "clones that are called in turn", "all layers"),
    ("window", "calls in the window", "failure detector"),
];

pub(super) fn measure(runtime: &Runtime, short: bool, rounds: usize, part: &mut Part) {
    for (names, (name, x, label)) in zip(NUMBERED, PLOTS) {
        let names: Vec<&str> = names.iter().copied().filter(|name| !short || *name != TAKES_LONG).collect();
        let subjects: Vec<Subject> = names.iter().filter_map(|name| find(runtime, name)).collect();
        let slices = || subjects.iter().map(|subject| (subject, Threads::One));
        // The first slices warm up.
        let _ = interleave(runtime, slices(), 2, SLICE);
        let nanos = interleave(runtime, slices(), rounds, SLICE);
        let nanos: Vec<f64> = nanos.into_iter().map(|nanos| Median::of(nanos).middle).collect();
        let counts: Option<Vec<f64>> = names.iter().map(|name| count_instructions(name)).collect();
        let series =
            |figures: &[f64]| zip(&names, figures).map(|(name, figure)| (number(name), *figure)).collect();
        let mut lines = vec![Line::new(format!("{label}, ns"), series(&nanos))];
        for (name, nanos_of_name) in zip(&names, &nanos) {
            let case = format!("{label}, {name}: ns a call");
            part.rows.push(Row::once(case, *nanos_of_name).beside(nanos[0]));
        }
        match counts {
            Some(counts) => {
                lines.insert(0, Line::new(label, series(&counts)));
                for (name, count) in zip(&names, &counts).skip(1) {
                    let case = format!("{label}, {name} ÷ {}: instructions a call", names[0]);
                    let row = Row::ratio(case, &[(*count, counts[0])]);
                    part.rows.push(row.budget("P9", Limit::AtMost(FLAT)));
                }
            }
            // What cannot be counted here is no fault of the product's.
            None => part.rows.push(Row::median(format!("{label}, by {name}: not counted, no valgrind"), &[])),
        }
        part.series.push(Series { name, x, y: "instructions a call", lines });
    }
}

/// The number that a name begins with.
fn number(name: &str) -> f64 {
    name.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}
