//! This client beside its peers, in one run, and beside what it may cost.
//!
//! `cargo run --release -p benches --bin compare -- --help` tells what can be measured.
//!
//! # Layout
//!
//! - `arguments`: what was asked for
//! - `report`: rows, what each may be, and the points of plots
//! - `machine`: where it is measured
//! - `python`: redis-py in a virtual environment
//! - `throughput`, `layers`, `failover`, `pubsub`, `idle`: what is measured

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod arguments;
mod failover;
mod idle;
mod layers;
mod machine;
mod pubsub;
mod python;
mod report;
mod throughput;

use std::process::ExitCode;
use std::thread;

use arguments::{Arguments, HELP, What};
use report::{Part, Report};

fn main() -> ExitCode {
    // This very program is asked to make calls while callgrind counts.
    if let Some((calls, what)) = benches::to_be_counted() {
        if !layers::make_calls(calls, &what) {
            throughput::make_calls(calls, &what);
        }
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
        // On a thread of its own: what pins it to a processor pins nothing that comes after it.
        let part = thread::spawn(move || measure(what, arguments.short)).join();
        report.add(part.expect("a measurement that ends"));
    }
    if arguments.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(what: What, short: bool) -> Part {
    match what {
        What::Throughput => throughput::measure(short),
        What::Layers => layers::measure(short),
        What::Failover => failover::measure(short),
        What::Pubsub => pubsub::measure(short),
        What::Idle => idle::measure(short),
    }
}
