//! A thousand clients, with TLS, at a primary that is killed and comes back.
//!
//! `herd` runs two stories: 1000 clients at a primary with `maxclients 1200`, where by far not all of them get the two
//! connections they want, and 500, where all do. It prints what it saw of each, and ends with an error if a client left
//! the returned primary again, was not served, saw an error or a call that hung, or if more was dialled than the rules
//! allow.
//!
//! `herd --clients N --maxclients M` runs one story of that size; with `--json` a line of JSON is printed for each.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, ValueExt};
use tests::herd::{Scale, stampede};

/// Clients and connections.
const STORIES: [(usize, usize); 2] = [(1000, 1200), (500, 1200)];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (stories, json) = arguments()?;
    let mut holds = true;
    for (clients, maxclients) in stories {
        let report = stampede(scale(clients, maxclients)).await.ok_or("there is no Redis server here")?;
        let violations = report.violations();
        holds &= violations.is_empty();
        if json {
            println!("{}", report.json());
        } else {
            let verdict = if violations.is_empty() {
                "ok".into()
            } else {
                format!("FAILED: {}", violations.join("; "))
            };
            println!("{report}\n{verdict}\n");
        }
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn scale(clients: usize, maxclients: usize) -> Scale {
    Scale {
        clients,
        maxclients,
        pause: Duration::from_secs(1),
        away: Duration::from_secs(10),
        quiet: Duration::from_secs(15),
        watch: Duration::from_secs(30),
    }
}

fn arguments() -> Result<(Vec<(usize, usize)>, bool), lexopt::Error> {
    let (mut clients, mut maxclients, mut json) = (None::<NonZeroUsize>, None::<NonZeroUsize>, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("clients") => clients = Some(parser.value()?.parse()?),
            Arg::Long("maxclients") => maxclients = Some(parser.value()?.parse()?),
            Arg::Long("json") => json = true,
            other => return Err(other.unexpected()),
        }
    }
    let stories = match (clients, maxclients) {
        (None, None) => STORIES.to_vec(),
        (clients, maxclients) => {
            vec![(clients.map_or(1000, NonZeroUsize::get), maxclients.map_or(1200, NonZeroUsize::get))]
        }
    };
    Ok((stories, json))
}
