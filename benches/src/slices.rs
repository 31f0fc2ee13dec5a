//! Slices in turn, and what they say together.

use std::fmt;

use tokio::runtime::Runtime;
use tokio::time::Duration;

use crate::subject::{Length, Subject};

/// From how many threads the subjects are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// From this one.
    One,
    /// From two at once.
    Two,
}

/// Runs slices of this length of all subjects in turn, round after round: nanoseconds a call, for each subject in
/// the order of the rounds.
///
/// # Panics
/// If a call does, or was not counted.
#[must_use]
pub fn interleave<'a>(
    runtime: &Runtime,
    subjects: impl IntoIterator<Item = (&'a Subject, Threads)>,
    rounds: usize,
    length: Duration,
) -> Vec<Vec<f64>> {
    let subjects: Vec<_> = subjects.into_iter().collect();
    let mut nanos = vec![Vec::with_capacity(rounds); subjects.len()];
    for _ in 0..rounds {
        for ((subject, threads), nanos) in subjects.iter().zip(&mut nanos) {
            let calls = match threads {
                Threads::One => subject.run(runtime, Length::Lasting(length)),
                Threads::Two => subject.run_on_two_threads(runtime, length),
            };
            nanos.push(calls.nanos());
        }
    }
    nanos
}

/// The middle of some figures and, as their spread, the quartiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    /// A quarter of the figures is below.
    pub lower: f64,
    /// Half of the figures is below.
    pub middle: f64,
    /// Three quarters of the figures are below.
    pub upper: f64,
}

impl Median {
    /// The median of these figures; not a number if there is none.
    ///
    /// ```
    /// let median = benches::Median::of([3.0, 9.0, 1.0, 2.0, 4.0]);
    /// assert_eq!((median.lower, median.middle, median.upper), (2.0, 3.0, 4.0));
    /// ```
    #[must_use]
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |quarters: usize| {
            let last = figures.len().saturating_sub(1);
            figures.get(last * quarters / 4).copied().unwrap_or(f64::NAN)
        };
        Self { lower: at(1), middle: at(2), upper: at(3) }
    }
}

/// With as many decimals as the formatter asks for, none by default.
impl fmt::Display for Median {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        let Self { lower, middle, upper } = self;
        let text = format!("{middle:.decimals$} ({lower:.decimals$} to {upper:.decimals$})");
        // As text, a precision would cut it.
        let width = f.width().unwrap_or(0);
        write!(f, "{text:>width$}")
    }
}
