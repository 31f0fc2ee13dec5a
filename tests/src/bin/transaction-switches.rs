//! Transactions on one counter through twelve switches.
//!
//! `transaction-switches` has 32 tasks do at least 10,000 transactions, each of which reads a counter, adds one and
//! writes it, while four servers are killed, four stopped, and four left by hand. It prints one line, and ends with an
//! error if what both servers have counted lies outside of what was answered and what was told to be in doubt, or if
//! there was more doubt than a switch can account for: a transaction of each task at a failure, and none at a choice.
//!
//! `transaction-switches COUNT` does so many at least.

use std::process::ExitCode;

use tests::Fault::{Choice, Kill, Stop};
use tests::transactions::count_through;

const COUNT: u64 = 10_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = match &arguments[..] {
        [] => COUNT,
        [count] => count.parse().map_err(|_| "usage: transaction-switches [COUNT]")?,
        _ => return Err("usage: transaction-switches [COUNT]".into()),
    };
    let faults = [Kill, Stop, Choice, Choice, Stop, Kill, Choice, Kill, Kill, Stop, Choice, Stop];
    let outcome = count_through(&faults, count).await.ok_or("there is no Redis server here")?;
    println!("{} switches: {outcome}: {}", faults.len(), if outcome.holds() { "ok" } else { "FAILED" });
    Ok(if outcome.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
