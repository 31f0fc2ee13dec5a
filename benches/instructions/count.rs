//! Counting all pieces.

use std::process::Command;
use std::sync::Mutex;
use std::thread;

use benches::{Executed, count_executed, pieces};

/// What a call executes, by the names of the pieces.
pub(crate) type Counts = Vec<(String, Executed)>;

/// Every call of a piece does the same, so that few are enough; and what happens at each fifth one happens as often.
const FEW: u64 = 200;
const MANY: u64 = 1200;

/// Which valgrind there is, if any.
pub(crate) fn valgrind() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Of every piece, with as many at once as there are processors: they do not disturb each other.
pub(crate) fn all() -> Result<Counts, String> {
    let pieces: Vec<_> = pieces::all().collect();
    let left = Mutex::new(pieces.iter().enumerate());
    let counted = Mutex::new(Vec::new());
    let count = || {
        // The lock is not held while a piece is counted.
        while let Some((place, piece)) = next(&left) {
            let executed = count_executed(piece.name, FEW, MANY);
            counted.lock().expect("no panic under it").push((place, piece.name, executed));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(count);
        }
    });
    let mut counted = counted.into_inner().expect("no panic under it");
    counted.sort_unstable_by_key(|(place, ..)| *place);
    let counts = counted.into_iter().map(|(_, name, executed)| {
        let executed = executed.ok_or_else(|| format!("callgrind could not count `{name}`"))?;
        Ok((name.to_owned(), executed))
    });
    counts.collect()
}

fn next<T>(left: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    left.lock().expect("no panic under it").next()
}
