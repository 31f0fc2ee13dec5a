//! Slices in turn.

use std::iter::zip;
use std::time::Duration;

use benches::Median;
use tokio::runtime::Runtime;

use super::contestant::{Contestant, Kind};
use super::slice::{Load, Slice};

/// The base of all ratios.
const BASE: Kind = Kind::Plain;

/// The slices of one contestant, each with the base's before and after it.
pub(super) struct Compared {
    pub(super) kind: Kind,
    slices: Vec<(Slice, [Slice; 2])>,
}

impl Compared {
    /// A figure of each slice, and that of the base beside it.
    pub(super) fn pairs(&self, figure: fn(&Slice) -> f64) -> Vec<(f64, f64)> {
        let pair = |(slice, [before, after]): &(Slice, [Slice; 2])| {
            (figure(slice), (figure(before) + figure(after)) / 2.0)
        };
        self.slices.iter().map(pair).collect()
    }

    /// Round by round, how many times as fast as the base this one and another were.
    pub(super) fn beside(&self, other: &Self) -> Vec<(f64, f64)> {
        let speeds = |of: &Self| of.pairs(Slice::speed).into_iter().map(|(speed, base)| speed / base);
        zip(speeds(self), speeds(other)).collect()
    }

    /// Commands a second.
    pub(super) fn speed(&self) -> f64 {
        Median::of(self.slices.iter().map(|(slice, _)| slice.speed())).middle
    }
}

/// After so many rounds all connect anew: where a connection and its clones come to lie in memory makes some percent of
/// what calls cost by hundreds of callers, and stays for as long as they live.
const ROUNDS_OF_ONE_PLACE: usize = 4;

/// Before each slice, on the same connection, uncounted. The base has every second slice, all others have one in a round,
/// and would pay for what caches have lost meanwhile: without it, base ÷ base was 0.98 to 0.99 by 512 callers.
const WARM_UP: Duration = Duration::from_millis(10);

/// One round after the other: each contestant between two slices of the base.
pub(super) fn compare(
    runtime: &Runtime,
    urls: [&str; 2],
    kinds: &[Kind],
    load: Load,
    rounds: usize,
    length: Duration,
) -> Vec<Compared> {
    let open = |kind| runtime.block_on(Contestant::open(kind, urls));
    let run = |contestant: &mut Contestant| {
        runtime.block_on(contestant.slice(load, WARM_UP));
        runtime.block_on(contestant.slice(load, length))
    };
    let mut compared: Vec<Compared> =
        kinds.iter().map(|kind| Compared { kind: *kind, slices: Vec::new() }).collect();
    let mut left = rounds;
    while left > 0 {
        // Each of them is the first one at times, the base among them.
        compared.rotate_left(1);
        let (early, late) = compared.split_at(left / ROUNDS_OF_ONE_PLACE % (kinds.len() + 1));
        let mut contestants: Vec<Contestant> = early.iter().map(|compared| open(compared.kind)).collect();
        let mut base = open(BASE);
        contestants.extend(late.iter().map(|compared| open(compared.kind)));
        // The first slices on a new connection are none of any round's.
        for contestant in contestants.iter_mut().chain([&mut base]) {
            run(contestant);
        }
        let mut before = run(&mut base);
        for _ in 0..left.min(ROUNDS_OF_ONE_PLACE) {
            for (contestant, compared) in zip(&mut contestants, &mut compared) {
                let slice = run(contestant);
                let after = run(&mut base);
                compared.slices.push((slice, [before, after]));
                before = after;
            }
        }
        left = left.saturating_sub(ROUNDS_OF_ONE_PLACE);
    }
    compared.sort_by_key(|compared| kinds.iter().position(|kind| *kind == compared.kind));
    compared
}
