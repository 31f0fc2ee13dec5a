//! The client in a simulated world, by seed; see [`tests::simulation`].
//!
//! `simulate --seeds N` runs the seeds 0..N and says what came of them; `--seed S` begins with S, and runs it alone if
//! there is no `--seeds`. It ends with an error if an invariant is broken, or if fewer than 95 % of the seeds had five
//! faults and a switch.
//!
//! - `--json`: the report as JSON
//! - `--twice`: runs each seed twice, and compares the histories
//! - `--history`: the whole history of each seed
//! - `--threads T`: on so many threads (as many as there are cores)
//! - `--until-violation`: ends with the first violation

use std::{
    env,
    num::{NonZeroU64, NonZeroUsize},
    process::{ExitCode, exit},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use lexopt::prelude::*;
use tests::simulation::{
    campaign::{Campaign, told},
    report::Report,
    seeded_build, world,
};
use tokio::time::Instant;

const USAGE: &str =
    "usage: simulate --seeds N [--seed S] [--json] [--twice] [--history] [--threads T] [--until-violation]";

#[derive(Default)]
struct Arguments {
    seeds: Option<NonZeroU64>,
    seed: Option<u64>,
    threads: Option<NonZeroUsize>,
    json: bool,
    twice: bool,
    history: bool,
    until_violation: bool,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments = Arguments::read()?;
    if !seeded_build::IS_SEEDED {
        eprintln!("building with a seed for tokio's chance, in target/simulate");
        let status = seeded_build::run_again("simulate", env::args().skip(1))?;
        return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into());
    }
    let first = arguments.seed.unwrap_or(0);
    let count = arguments.seeds.map_or(1, NonZeroU64::get);
    if arguments.history {
        for seed in first..first + count {
            print!("{}", told(&world::run(seed).records));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let campaign = Campaign {
        seeds: first..first + count,
        threads: arguments.threads.unwrap_or(cores).get(),
        twice: arguments.twice,
    };
    let begun = Instant::now();
    let found = AtomicBool::new(false);
    let outcomes = campaign.run(|seed, outcome| {
        if let Some(violation) = outcome.violations.first()
            && arguments.until_violation
            && !found.swap(true, Ordering::Relaxed)
        {
            println!("seed {seed}, {} seeds after {first}: {}", seed - first, violation.invariant);
            println!("{}", violation.story);
            exit(1);
        }
    });
    let report = Report::of(outcomes, begun.elapsed());
    if arguments.json {
        println!("{:#}", report.json());
    } else {
        for violation in report.violations() {
            println!("seed {}: {}: {}", violation.seed, violation.invariant, violation.story);
        }
        print!("{}", report.text());
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn read() -> Result<Self, lexopt::Error> {
        let mut read = Self::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seeds") => read.seeds = Some(parser.value()?.parse()?),
                Long("seed") => read.seed = Some(parser.value()?.parse()?),
                Long("threads") => read.threads = Some(parser.value()?.parse()?),
                Long("json") => read.json = true,
                Long("twice") => read.twice = true,
                Long("history") => read.history = true,
                Long("until-violation") => read.until_violation = true,
                Long("help") => {
                    println!("{USAGE}");
                    exit(0);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        if read.seeds.is_none() && read.seed.is_none() {
            return Err(USAGE.into());
        }
        Ok(read)
    }
}
