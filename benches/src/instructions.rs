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

/// What a call executes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Executed {
    /// Instructions.
    pub instructions: f64,
    /// Those among them that keep other processors from the memory meanwhile: the atomic ones, and a lock's.
    pub locked: f64,
}

/// Instructions a call of this subject, as callgrind counts them in a run of this program; `None` where callgrind is
/// not installed. What a run costs beside its calls is found by a shorter one, and taken off.
#[must_use]
pub fn count_instructions(subject: &str) -> Option<f64> {
    Some(count_executed(subject, FEW, MANY)?.instructions)
}

/// The same, by runs of so few and so many calls, with the locked ones apart.
#[must_use]
pub fn count_executed(subject: &str, few: u64, many: u64) -> Option<Executed> {
    let (fewer, more) = (collect(subject, few)?, collect(subject, many)?);
    let a_call = |of: fn(&Executed) -> f64| (of(&more) - of(&fewer)) / (many - few) as f64;
    Some(Executed { instructions: a_call(|all| all.instructions), locked: a_call(|all| all.locked) })
}

fn collect(subject: &str, calls: u64) -> Option<Executed> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-bus=yes", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().ok()?)
        .args([CALLS, &calls.to_string(), subject])
        .output()
        .ok()?;
    let told = String::from_utf8(output.stderr).ok()?;
    let collected = told.lines().find_map(|line| line.split_once("Collected :"))?.1;
    let mut counts = collected.split_whitespace().map(str::parse);
    Some(Executed { instructions: counts.next()?.ok()?, locked: counts.next()?.ok()? })
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
