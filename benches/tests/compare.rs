//! The command that measures, as far as it can be asked without measuring.

#![expect(clippy::unwrap_used, reason = "a command that cannot be run, or told from its output, has failed")]

use std::process::{Command, Output};

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_compare")).args(arguments).output().unwrap()
}

#[test]
fn help_is_told_and_nothing_measured() {
    let told = compare(&["failover", "--short", "--help"]);
    assert!(told.status.success());
    let told = String::from_utf8(told.stdout).unwrap();
    for what in ["throughput", "layers", "failover", "pubsub", "idle", "all", "--json", "--short"] {
        assert!(told.contains(what), "{what} is not in\n{told}");
    }
}

#[test]
fn what_cannot_be_measured_is_an_error_of_its_own() {
    let told = compare(&["speed", "--json"]);
    assert_eq!(told.status.code(), Some(2), "1 is for a budget that does not hold");
    assert!(told.stdout.is_empty());
    assert_eq!(
        String::from_utf8(told.stderr).unwrap(),
        "error: speed cannot be measured; --help tells what can\n"
    );
}
