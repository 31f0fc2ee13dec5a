//! The main job: two databases, one client, and callers who do not notice that the primary breaks.
//!
//! Run it with `cargo run --release --example geographic_failover`; `--help` tells the options.

mod arguments;
mod databases;
mod keys;
mod ledger;
mod load;
mod progress;
mod report;
mod svg;
mod timeline;

use std::process::ExitCode;
use std::time::Duration;

use arguments::{Arguments, Fault, HELP};
use databases::{Databases, Region};
use keys::Keys;
use load::Load;
use progress::Progress;
use redis_failover::{MultiDbClient, MultiDbConfig, Suspicion};
use report::Report;
use timeline::{Marks, Recorder};
use tokio::time::{Instant, sleep};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The two settings that are not the defaults (120 s and 60 s): a demonstration must not take minutes.
const AUTO_FALLBACK_INTERVAL: Duration = Duration::from_secs(1);
const GRACE_PERIOD: Duration = Duration::from_secs(2);

/// Together with the waits of [`drama`] these keep a run under 20 s, whatever happens.
const START_LIMIT: Duration = Duration::from_secs(3);
const FAILOVER_LIMIT: Duration = Duration::from_secs(3);
const FALLBACK_LIMIT: Duration = Duration::from_secs(9);

#[tokio::main]
async fn main() -> ExitCode {
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
    match run(&arguments).await {
        Ok(report) if report.kept_the_promise() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Report, BoxError> {
    // Two databases, the primary heavier than the secondary.
    let databases = Databases::start(arguments).await?;
    let keys = Keys::new();
    keys.prepare(&databases).await?;
    eprintln!("servers:  primary and secondary, {}", databases.describe());
    eprintln!(
        "settings: the defaults, except auto_fallback_interval {AUTO_FALLBACK_INTERVAL:?} and grace_period {GRACE_PERIOD:?}{}",
        if arguments.fast { ", and Suspicion::fast()" } else { "" },
    );
    eprintln!(
        "load:     {} callers, 50 % GET, 30 % SET, 20 % INCR; fault: {}\n",
        arguments.callers,
        arguments.fault.name()
    );

    // One client of both.
    let client = MultiDbClient::new(config(&databases, arguments))?;
    let recorder = Recorder::start(client.events());
    client.connect(START_LIMIT).await?;

    // Callers, who know of one connection only, and what happens to it.
    let load = Load::start(&client, arguments.callers, &keys);
    let progress = Progress::start(client.clone(), load.live());
    let marks = drama(&load, &databases, arguments.fault, &progress).await?;
    let calls = load.stop().await;
    drop(progress);
    let events = recorder.stop().await;

    // The books are compared with both databases.
    let audit = calls.ledger.audit(&keys.sums(&databases).await?);
    keys.remove(&databases, arguments.callers).await?;

    let counters = client.counters();
    client.close(Duration::from_secs(1)).await;
    let report = Report::new(arguments, databases.describe(), &marks, &calls.calls, audit, counters, &events);
    if arguments.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    if let Some(path) = &arguments.svg {
        let title = format!("{}, fault: {}", databases.describe(), arguments.fault.name());
        let picture = svg::draw(&title, &report.in_one_line(), &marks, &calls.calls, &report.highlights);
        std::fs::write(path, picture).map_err(|error| format!("--svg: {}: {error}", path.display()))?;
        eprintln!("drawn: {}", path.display());
    }
    Ok(report)
}

fn config(databases: &Databases, arguments: &Arguments) -> MultiDbConfig {
    let suspicion = if arguments.fast { Suspicion::fast() } else { Suspicion::default() };
    MultiDbConfig::new(databases.configs())
        .auto_fallback_interval(Some(AUTO_FALLBACK_INTERVAL))
        .grace_period(GRACE_PERIOD)
        .suspicion(suspicion)
}

/// All is well; the primary breaks, the secondary serves; the primary heals, and serves again.
async fn drama(
    load: &Load,
    databases: &Databases,
    fault: Fault,
    progress: &Progress,
) -> Result<Marks, BoxError> {
    let mut marks = Marks::begin();
    sleep(Duration::from_secs(2)).await;
    if fault == Fault::None {
        sleep(Duration::from_secs(3)).await;
        return Ok(marks);
    }

    databases.break_primary(fault)?;
    marks.broken = Some(Instant::now());
    progress.say(fault.done());
    load.is_served_by(Region::Secondary, FAILOVER_LIMIT).await;
    sleep(Duration::from_secs(1)).await;

    databases.heal_primary(fault).await?;
    marks.healed = Some(Instant::now());
    progress.say(fault.undone());
    load.is_served_by(Region::Primary, FALLBACK_LIMIT).await;
    sleep(Duration::from_secs(1)).await;
    Ok(marks)
}
