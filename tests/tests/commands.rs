//! The commands of this package do not succeed after they have looked at nothing.

use std::process::Command;

const FAULT_MATRIX: &str = env!("CARGO_BIN_EXE_fault-matrix");
const HERD: &str = env!("CARGO_BIN_EXE_herd");
const SIMULATE: &str = env!("CARGO_BIN_EXE_simulate");

/// Commands that have nothing to look at, and what they say of it.
const IDLE: [(&str, &[&str], &str); 7] = [
    (FAULT_MATRIX, &["--config", "tunned"], "none that are tunned"),
    (FAULT_MATRIX, &["--fault", "killed"], "there is no fault killed"),
    (FAULT_MATRIX, &["--short", "--fault", "stop"], "no row is chosen"),
    (FAULT_MATRIX, &["--at-a-time", "0"], "zero"),
    (HERD, &["--clients", "0"], "zero"),
    (SIMULATE, &["--seeds", "0"], "zero"),
    (SIMULATE, &["--seeds", "1", "--threads", "0"], "zero"),
];

#[test]
fn a_command_that_looks_at_nothing_fails_and_says_so() {
    for (command, arguments, says) in IDLE {
        let output = Command::new(command).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(says), "{command} {arguments:?}: {said}");
    }
}
