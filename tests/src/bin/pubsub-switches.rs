//! Messages through twenty switches, compared with the publisher's ledger.
//!
//! `pubsub-switches` has eight servers killed, six stopped, and six left by hand, while at least a thousand numbered
//! messages are published in each second; four times: publisher and subscriber as one client and as two, the subscriber
//! cold and warm. Each time it prints one line, and it ends with an error if any line shows what must not be:
//!
//! - a message of the former database after a gap, a gap that is not marked, a message out of order;
//! - with a warm subscriber, a message that the new database took and that was not read;
//! - fewer than a thousand messages in a second: the machine has too much else to do, and little was shown.
//!
//! At last an idle subscriber, whose client runs no command, leaves a server that is stopped.
//!
//! `pubsub-switches --short` is content with seven switches each, and with any rate.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use redis_failover::{MultiDbClient, PubSubItem};
use tests::messages::{CHANNEL, Clients, Outcome, Story};
use tests::{Fault, PATIENCE, SEVEN, TWENTY, becomes_active, pair};
use tokio::time::{Instant, timeout};

/// Messages in a second that the story is about.
const RATE: f64 = 1000.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (faults, rate): (&[Fault], f64) = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        [] => (&TWENTY, RATE),
        ["--short"] => (&SEVEN, 0.0),
        _ => return Err("usage: pubsub-switches [--short]".into()),
    };
    let mut failures = 0;
    for (clients, name) in [(Clients::One, "one client"), (Clients::Two, "two clients")] {
        for (warm, kind) in [(false, "cold"), (true, "warm")] {
            let outcome = Story::run(faults, clients, warm).await;
            let holds = holds(&outcome, warm, rate);
            failures += u32::from(!holds);
            println!("{name}, {kind}: {outcome}: {}", if holds { "ok" } else { "FAILED" });
        }
    }
    let moved = idle_subscriber_moves().await?;
    println!("idle: a subscriber without any command left a stopped server after {} ms", moved.as_millis());
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn holds(outcome: &Outcome, warm: bool, rate: f64) -> bool {
    let found = &outcome.found;
    let nothing_lost = !warm || found.lost_after == 0;
    found.is_sound() && found.gaps >= outcome.switches && nothing_lost && outcome.rate() >= rate
}

async fn idle_subscriber_moves() -> Result<Duration, Box<dyn std::error::Error>> {
    let (primary, _secondary, config) = pair().await;
    // The next round of health checks is far away; the subscriber alone must tell.
    let client = MultiDbClient::new(config.health_check_interval(Duration::from_secs(600)))?;
    client.connect(PATIENCE).await?;
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await?;
    pubsub.subscribe(CHANNEL).await?;
    let begun = Instant::now();
    primary.freeze()?;
    match timeout(PATIENCE, pubsub.next()).await? {
        Some(PubSubItem::Gap { to, .. }) if &*to == "secondary" => Ok(begun.elapsed()),
        other => Err(format!("no gap, but {other:?}").into()),
    }
}
