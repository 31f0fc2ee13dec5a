//! How long each piece of a command's path takes: layers, window, selection, `Command`, classification.
//!
//! A sample is a thousand calls, so that a time in microseconds reads as nanoseconds a call; calls a second stand
//! beside it.
//!
//! With [divan](https://docs.rs/divan): a table with a line for each piece out of the lists of pieces as they are, from a
//! few small dependencies where criterion has many, and without reports on the disk that nobody would read. It is for
//! a look at where the time goes; what has become more is found by `instructions`, which counts the same pieces.

use benches::pieces::{self, Piece};
use divan::Bencher;
use divan::counter::ItemsCount;

const CALLS: u64 = 1000;

fn main() {
    divan::main();
}

#[divan::bench(args = pieces::CLIENT, max_time = 1)]
fn client(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

#[divan::bench(args = pieces::LAYERS, max_time = 1)]
fn layers(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

#[divan::bench(args = pieces::WINDOW, max_time = 1)]
fn window(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

#[divan::bench(args = pieces::SELECTION, max_time = 1)]
fn selection(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

#[divan::bench(args = pieces::COMMAND, max_time = 1)]
fn command(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

#[divan::bench(args = pieces::CLASSIFICATION, max_time = 1)]
fn classification(bencher: Bencher<'_, '_>, piece: &Piece) {
    measure(bencher, piece);
}

fn measure(bencher: Bencher<'_, '_>, piece: &Piece) {
    let mut work = piece.make();
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| work(CALLS));
}
