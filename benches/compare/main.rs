//! This client beside its peers, in one run, and beside what it may cost.
//!
//! `cargo run --release -p benches --bin compare -- --help` tells what can be measured.
//!
//! # Layout
//!
//! - `arguments`: what was asked for
//! - `report`: rows, what each may be, and the points of plots
//! - `machine`: where it is measured
//! - `page`: `docs/performance.md`, with its tables and plots
//! - `python`: redis-py in a virtual environment
//! - `throughput`, `layers`, `failover`, `pubsub`, `idle`: what is measured

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

mod arguments;
mod failover;
mod idle;
mod layers;
mod machine;
mod page;
mod pubsub;
mod python;
mod report;
mod throughput;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, thread};

use serde_json::Value;

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
    if !arguments.reports.is_empty() {
        return match page_of_reports(&arguments.reports) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
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
    if arguments.page
        && let Err(error) = write_page(&[report.json()])
    {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Of what was measured before, and written with `--json`.
fn page_of_reports(files: &[PathBuf]) -> Result<(), String> {
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{} is no report: {error}", file.display()))
    };
    let reports: Vec<Value> = files.iter().map(read).collect::<Result<_, String>>()?;
    write_page(&reports)
}

fn write_page(reports: &[Value]) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = page::write(&folder, reports).map_err(|error| format!("{}: {error}", folder.display()))?;
    eprintln!("{} is written", page.display());
    Ok(())
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
