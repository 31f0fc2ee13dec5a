//! Instructions a call, counted by callgrind.

use std::env;
use std::process::Command;

use tokio::runtime::Runtime;

use crate::subject::{Length, Subject};

/// Asks this very program to make calls of one subject and end.
const CALLS: &str = "--calls-under-callgrind";
/// Enough that what happens now and then, such as a sweep, is a small part.
const FEW: u64 = 5_000;
const MANY: u64 = 25_000;

/// Instructions a call of this subject, as callgrind counts them in a run of this program; `None` where callgrind is
/// not installed. What a run costs beside its calls is found by a shorter one, and taken off.
#[must_use]
pub fn count_instructions(subject: &str) -> Option<f64> {
    let (few, many) = (collect(subject, FEW)?, collect(subject, MANY)?);
    Some((many - few) / (MANY - FEW) as f64)
}

fn collect(subject: &str, calls: u64) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().ok()?)
        .args([CALLS, &calls.to_string(), subject])
        .output()
        .ok()?;
    let told = String::from_utf8(output.stderr).ok()?;
    let collected = told.lines().find_map(|line| line.split_once("Collected :"))?.1;
    collected.trim().parse().ok()
}

/// The other end of [`count_instructions`]: if this run is for callgrind, how many calls it is to make, and of what.
///
/// # Panics
/// If the number is none.
#[must_use]
pub fn to_be_counted() -> Option<(u64, String)> {
    let mut arguments = env::args().skip_while(|argument| argument != CALLS).skip(1);
    let calls = arguments.next()?.parse().expect("a number of calls");
    Some((calls, arguments.next().unwrap_or_default()))
}

/// If this run is for callgrind, makes the calls that it is to count. `subject` gives the subject of a name.
///
/// # Panics
/// If a call does.
#[must_use]
pub fn run_counted(runtime: &Runtime, subject: impl FnOnce(&str) -> Option<Subject>) -> bool {
    let Some((calls, name)) = to_be_counted() else { return false };
    let subject = subject(&name).expect("the name of a subject");
    subject.run(runtime, Length::Calls(calls));
    true
}
