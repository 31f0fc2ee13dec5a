//! Metrics for Prometheus: a client that is measured, an endpoint that serves what it measures, and a board and alerts
//! made for that.
//!
//! `cargo run --example observe` starts two databases of its own, kills one, asks its own endpoint and prints the most
//! interesting of it. With `--serve 9100` it goes on serving, for a Prometheus of yours; beside this file there are
//! `alerts.yml` for it and `grafana.json`, a board.

mod endpoint;
mod scrape;
mod story;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use story::Story;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is printed of all that is served: the state, what happened, and how long it took.
const INTERESTING: [&str; 8] = [
    "redis_client_geofailover_active",
    "redis_client_geofailover_preferred",
    "redis_client_geofailover_verdict",
    "redis_client_geofailover_failovers_total",
    "redis_client_geofailover_failover_duration_seconds_sum",
    "redis_client_geofailover_retries_total",
    "redis_client_geofailover_non_preferred_seconds_total",
    "db_client_operation_duration_seconds_count",
];

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match port() {
        Ok(port) => run(port).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The port of `--serve`, if it is there.
fn port() -> Result<Option<u16>, BoxError> {
    use lexopt::prelude::{Long, ValueExt};
    let (mut port, mut arguments) = (None, lexopt::Parser::from_env());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("serve") => port = Some(arguments.value()?.parse()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(port)
}

async fn run(port: Option<u16>) -> Result<(), BoxError> {
    let story = Story::begin(port.unwrap_or(0)).await?;
    println!("two databases: {}; metrics at http://{}/metrics", story.servers(), story.endpoint());
    let served = story.tell().await?;
    println!("\nthe primary was killed; of what is served now:");
    for line in served.lines().filter(|line| INTERESTING.iter().any(|name| is_of(line, name))) {
        println!("  {line}");
    }
    if port.is_some() {
        println!("\nserving on, until it is interrupted");
        std::future::pending::<()>().await;
    }
    story.end().await;
    Ok(())
}

fn is_of(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
}
