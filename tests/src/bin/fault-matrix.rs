//! What befalls a region × what an application does meanwhile × two configurations, on real servers.
//!
//! `fault-matrix` runs every cell of `tests/faults/expected.txt` and prints a line for each row; it ends with an error if a
//! cell is not as it is written down there, or is missing. It writes `target/fault-matrix.html`, for people.
//!
//! - `--json` prints `{"cells": […]}` instead.
//! - `--short` runs four faults with default settings, for a minute.
//! - `--fault NAME`, as often as one likes, runs these.
//! - `--config default|tuned` runs those.
//! - `--at-a-time N` runs so many rows side by side (3), but for those that concern the whole machine.
//! - `--report PATH` writes the page elsewhere.

use std::process::ExitCode;
use std::{env, fs};

use serde::Serialize;
use tests::matrix::{Cell, Configuration, Fault, Row, Table, Workload, report, run};

const USAGE: &str = "usage: fault-matrix [--json] [--short] [--fault NAME]… [--config default|tuned] [--at-a-time N] \
                     [--report PATH]";

/// What is to be run, and how it is told.
struct Options {
    json: bool,
    short: bool,
    faults: Vec<String>,
    config: Option<String>,
    at_a_time: usize,
    report: String,
}

#[derive(Serialize)]
struct Output<'a> {
    cells: &'a [Cell],
    missing: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let options = options()?;
    let rows = chosen(Table::written_down()?.rows(), &options)?;
    let wanted = rows.len() * Workload::ALL.len();
    let cells = run::run(&rows, options.at_a_time, |row, cells| {
        if !options.json {
            println!("{}", line(row, cells));
        }
    })
    .await;
    let missing = wanted.saturating_sub(cells.len());
    fs::write(&options.report, report::page(&cells, if options.short { "short" } else { "long" }))?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&Output { cells: &cells, missing })?);
    }
    let wrong = cells.iter().filter(|cell| !cell.holds()).count();
    eprintln!("{} cells, {wrong} not as expected, {missing} missing; see {}", cells.len(), options.report);
    Ok(if wrong + missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let mut options = Options {
        json: false,
        short: false,
        faults: Vec::new(),
        config: None,
        at_a_time: 3,
        report: "target/fault-matrix.html".into(),
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--json" => options.json = true,
            "--short" => options.short = true,
            "--fault" => options.faults.push(value()?),
            "--config" => options.config = Some(value()?),
            "--at-a-time" => options.at_a_time = value()?.parse().map_err(|_| USAGE)?,
            "--report" => options.report = value()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}

fn chosen(rows: &[Row], options: &Options) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let named = |name: &String| {
        Fault::ALL
            .into_iter()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| format!("there is no fault {name}"))
    };
    let faults: Vec<Fault> = options.faults.iter().map(named).collect::<Result<_, _>>()?;
    let is_chosen = |row: &&Row| {
        let short = Fault::SHORT.contains(&row.fault) && row.configuration == Configuration::Default;
        let configuration = options.config.as_deref().is_none_or(|name| name == row.configuration.name());
        configuration && (!options.short || short) && (faults.is_empty() || faults.contains(&row.fault))
    };
    Ok(rows.iter().filter(is_chosen).cloned().collect())
}

/// A row in a line.
fn line(row: &Row, cells: &[Cell]) -> String {
    let told = cells.iter().map(|cell| {
        let after = cell.first_success_ms.map_or("never".into(), |after| format!("{after:.0}"));
        let wrong = if cell.holds() { String::new() } else { format!(" WRONG: {}", cell.wrong.join(", ")) };
        format!("{} {after} ms, {} of {} failed{wrong}", cell.workload, cell.errors, cell.calls)
    });
    format!("{row}: {}", told.collect::<Vec<_>>().join("; "))
}
