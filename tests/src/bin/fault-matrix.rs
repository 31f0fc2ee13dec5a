//! What befalls a region × what an application does meanwhile × two configurations, on real servers.
//!
//! `fault-matrix` runs every cell of `tests/faults/expected.txt` and prints a line for each row; it ends with an error if a
//! cell is not as it is written down there, or if no row is chosen. It writes `target/fault-matrix.html`, for people.
//!
//! - `--json` prints `{"cells": […]}` instead.
//! - `--short` runs four faults with default settings, for a minute.
//! - `--fault NAME`, as often as one likes, runs these.
//! - `--config default|tuned` runs those.
//! - `--at-a-time N` runs so many rows side by side (3), but for those that concern the whole machine.
//! - `--report PATH` writes the page elsewhere.

use std::fs;
use std::num::NonZeroUsize;
use std::process::{ExitCode, exit};

use lexopt::prelude::*;
use serde::Serialize;
use tests::matrix::{Cell, Configuration, Fault, Row, Table, report, run};

const USAGE: &str = "usage: fault-matrix [--json] [--short] [--fault NAME]… [--config default|tuned] [--at-a-time N] \
                     [--report PATH]";

/// What is to be run, and how it is told.
struct Options {
    json: bool,
    short: bool,
    faults: Vec<Fault>,
    config: Option<Configuration>,
    at_a_time: NonZeroUsize,
    report: String,
}

#[derive(Serialize)]
struct Output<'a> {
    cells: &'a [Cell],
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let options = Options::read()?;
    let rows = options.choose(Table::written_down()?.rows());
    if rows.is_empty() {
        return Err("no row is chosen".into());
    }
    let cells = run::run(&rows, options.at_a_time, |row, cells| {
        if !options.json {
            println!("{}", line(row, cells));
        }
    })
    .await;
    fs::write(&options.report, report::page(&cells))?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&Output { cells: &cells })?);
    }
    let wrong = cells.iter().filter(|cell| !cell.holds()).count();
    eprintln!("{} cells, {wrong} not as expected; see {}", cells.len(), options.report);
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Options {
    fn read() -> Result<Self, lexopt::Error> {
        let mut read = Self {
            json: false,
            short: false,
            faults: Vec::new(),
            config: None,
            at_a_time: const { NonZeroUsize::new(3).unwrap() },
            report: "target/fault-matrix.html".into(),
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("json") => read.json = true,
                Long("short") => read.short = true,
                Long("fault") => read.faults.push(parser.value()?.parse()?),
                Long("config") => read.config = Some(parser.value()?.parse()?),
                Long("at-a-time") => read.at_a_time = parser.value()?.parse()?,
                Long("report") => read.report = parser.value()?.string()?,
                Long("help") => {
                    println!("{USAGE}");
                    exit(0);
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(read)
    }

    fn choose(&self, rows: &[Row]) -> Vec<Row> {
        let is_chosen = |row: &&Row| {
            (!self.short || row.is_short())
                && (self.faults.is_empty() || self.faults.contains(&row.fault))
                && self.config.is_none_or(|config| config == row.configuration)
        };
        rows.iter().filter(is_chosen).cloned().collect()
    }
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
