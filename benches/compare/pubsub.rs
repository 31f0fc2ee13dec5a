//! For how long a subscriber hears nothing after a fault, and what it misses of the new database (P8).
//!
//! A publisher sends a thousand numbers a second through a client of its own, and knows which server took each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis_failover::{MultiDbClient, PubSub, PubSubItem, PubSubSettings};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::failover::{Fault, NAME, Settings, Stage, some_moment, together};
use crate::report::{Limit, Part, Row};

const CHANNEL: &str = "numbers";

/// Fault, settings, how many runs at a time, and what the gap may be at the median, in milliseconds.
const CELLS: [(Fault, Settings, usize, f64); 3] = [
    (Fault::Kill, Settings::Default, 1, 10.0),
    (Fault::Stop, Settings::Default, 2, 1300.0),
    (Fault::Stop, Settings::Fast, 2, 800.0),
];

/// What came of one run.
struct Seen {
    /// From the fault to the first message of the new database.
    gap: Duration,
    /// Messages that the new database took and the subscriber did not get.
    lost: usize,
}

pub(crate) fn measure(short: bool) -> Part {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut part = Part::default();
    for (fault, settings, at_once, limit) in CELLS {
        for warm in [false, true] {
            let runs = if short { 2 } else { 10 };
            let seen: Vec<Seen> = together(&runtime, runs, at_once, || run(fault, settings, warm));
            let mode = if warm { "warm" } else { "not warm" };
            let case = |what| format!("{}, {}, {mode}: {what}", fault.name(), settings.name());
            let gaps: Vec<f64> = seen.iter().map(|seen| seen.gap.as_secs_f64() * 1000.0).collect();
            part.rows.push(Row::median(case("gap in ms, median"), &gaps).budget("P8", Limit::AtMost(limit)));
            part.rows.push(Row::worst(case("gap in ms, worst"), &gaps));
            let lost: Vec<f64> = seen.iter().map(|seen| seen.lost as f64).collect();
            let lost = Row::sum(case("lost of the new database, all runs"), &lost);
            // Only a warm subscriber listens there before it is the active one.
            part.rows.push(if warm { lost.budget("P8", Limit::AtMost(0.0)) } else { lost });
        }
    }
    part
}

async fn run(fault: Fault, settings: Settings, warm: bool) -> Seen {
    let stage = Stage::set().await;
    let reader = stage.client(fault, |config| settings.apply(config)).await;
    let writer = stage.client(fault, |config| settings.apply(config)).await;
    let mut pubsub =
        reader.pubsub_with(PubSubSettings::new().warm(warm)).await.expect("a client that is not closed");
    pubsub.subscribe(CHANNEL).await.expect("a subscription");
    let over = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish(writer.clone(), Arc::clone(&over)));
    let reading = read(pubsub, Arc::clone(&over));
    some_moment().await;
    stage.break_primary(fault);
    let broken = Instant::now();
    sleep(Duration::from_secs(3)).await;
    over.store(true, Ordering::Relaxed);
    let taken = publishing.await.expect("the publisher's end");
    let (first, heard) = reading.await.expect("the reader's end");
    for client in [reader, writer] {
        client.close(Duration::ZERO).await;
    }
    let first = first.expect("a message of the new database");
    // Whatever came after the last message of the old one is within what a subscriber can hear.
    let lost = taken.iter().filter(|number| !heard.contains(number)).count();
    Seen { gap: first.saturating_duration_since(broken), lost }
}

/// Publishes until it is over; gives the numbers that the secondary took.
async fn publish(mut client: MultiDbClient, over: Arc<AtomicBool>) -> Vec<u64> {
    let mut pace = interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut number, mut taken) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        pace.tick().await;
        number += 1;
        let mut both = redis::pipe();
        both.atomic().get(NAME).publish(CHANNEL, number).ignore();
        // What failed may have been published; nothing is said of it.
        if let Ok((name,)) = both.query_async::<(String,)>(&mut client).await
            && name == "secondary"
        {
            taken.push(number);
        }
    }
    taken
}

/// Reads until it is over: when the first message after the gap came, and all numbers.
fn read(mut pubsub: PubSub, over: Arc<AtomicBool>) -> JoinHandle<(Option<Instant>, BTreeSet<u64>)> {
    tokio::spawn(async move {
        let (mut moved, mut first, mut heard) = (false, None, BTreeSet::new());
        loop {
            match timeout(Duration::from_millis(300), pubsub.next()).await {
                Ok(Some(PubSubItem::Message(message))) => {
                    if moved && first.is_none() {
                        first = Some(Instant::now());
                    }
                    heard.insert(message.get_payload().expect("a number"));
                }
                Ok(Some(PubSubItem::Gap { from, to })) => moved |= from != to,
                Ok(Some(_)) => {}
                Ok(None) => return (first, heard),
                Err(_) if over.load(Ordering::Relaxed) => return (first, heard),
                Err(_) => {}
            }
        }
    })
}
