//! An hour of flapping under load.
//!
//! `soak` has a client do everything that a client can do, while the active one of its two databases is killed, stopped,
//! or left by hand every few seconds. It prints a row a minute: what the process and its servers hold while nobody works.
//! It ends with an error if the last row has clearly more than the first (8 more tasks, descriptors or connections of one
//! server, which are kept for a minute, and 4 MB, are none of its business), if a kind of work was not answered in a row or
//! no message was heard, if a call hung, or if anything is left after the close.
//!
//! `soak --minutes N` takes another time; with `--json` each row is a line of JSON.

use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, ValueExt};
use tests::soak::{Row, soak};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (mut minutes, mut json) = (60, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("minutes") => minutes = parser.value()?.parse()?,
            Arg::Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if !json {
        println!("{}", Row::HEAD);
    }
    let outcome = soak(MINUTE * minutes, MINUTE, |row| match json {
        true => println!("{}", row.json()),
        false => println!("{row}"),
    })
    .await;
    let violations = outcome.violations();
    match (violations.is_empty(), json) {
        (true, false) => println!("ok"),
        (true, true) => {}
        (false, _) => eprintln!("FAILED: {}", violations.join("; ")),
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
