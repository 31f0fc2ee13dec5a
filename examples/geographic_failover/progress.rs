//! What can be seen while it runs: one line on a terminal, else a line each second.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _, stderr};
use std::sync::Arc;
use std::time::Duration;

use redis_failover::MultiDbClient;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::load::Live;

/// Prints to the standard error until it is dropped.
pub(crate) struct Progress {
    task: JoinHandle<()>,
    began: Instant,
    /// Whether the last line is to be ended.
    in_place: bool,
}

impl Progress {
    pub(crate) fn start(client: MultiDbClient, live: Arc<Live>) -> Self {
        let in_place = stderr().is_terminal();
        let every = if in_place { Duration::from_millis(200) } else { Duration::from_secs(1) };
        let began = Instant::now();
        Self { task: tokio::spawn(print(client, live, began, every, in_place)), began, in_place }
    }

    /// Prints what has just happened, where it stays to be read.
    pub(crate) fn say(&self, what: &str) {
        let line = format!("{:5.1} s  {what}", self.began.elapsed().as_secs_f64());
        let _ = match self.in_place {
            true => writeln!(stderr(), "\r\x1b[2K{line}"),
            false => writeln!(stderr(), "{line}"),
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
        if self.in_place {
            eprintln!();
        }
    }
}

async fn print(client: MultiDbClient, live: Arc<Live>, began: Instant, every: Duration, in_place: bool) {
    let (mut last, mut completed) = (began, 0);
    let mut ticks = interval(every);
    ticks.tick().await;
    loop {
        let now = ticks.tick().await;
        let before = std::mem::replace(&mut completed, live.completed());
        let rate = (completed - before) as f64 / (now - std::mem::replace(&mut last, now)).as_secs_f64();
        let line = format!(
            "{:5.1} s  {rate:5.0} calls/s  {}  {} errors  {} ambiguous",
            (now - began).as_secs_f64(),
            state(&client),
            live.errors(),
            live.ambiguous()
        );
        // Nobody to read it is no reason to stop.
        let _ = match in_place {
            // Without a line break at the edge of a narrow terminal, or the line could not be written over.
            true => write!(stderr(), "\r\x1b[2K\x1b[?7l{line}\x1b[?7h"),
            false => writeln!(stderr(), "{line}"),
        };
    }
}

/// The active database, and all circuits.
fn state(client: &MultiDbClient) -> String {
    let Some(snapshot) = client.snapshot() else { return String::new() };
    let mut state = format!("active: {}", snapshot.active.as_deref().unwrap_or("none"));
    for member in &snapshot.members {
        let suspected = if member.view.suspected { ", suspected" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(state, "  [{}: {:?}{suspected}]", member.name, member.view.circuit.state);
    }
    state
}
