//! This client beside its peers, in one run, and beside what it may cost.
//!
//! `cargo run --release -p benches --bin compare -- --help` tells what can be measured.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod arguments;
mod machine;
mod report;
mod throughput;

use std::process::ExitCode;

use arguments::{Arguments, HELP, What};
use report::Report;

fn main() -> ExitCode {
    // This very program is asked to make calls while callgrind counts.
    if let Some((calls, what)) = benches::to_be_counted() {
        throughput::make_calls(calls, &what);
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new();
    for what in arguments.parts() {
        eprintln!("measuring {}", what.name());
        report.add(match what {
            What::Throughput => throughput::measure(arguments.short),
        });
    }
    if arguments.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
