//! For how long a subscriber hears nothing after a fault, and what it misses of the new database (P8).
//!
//! Somebody publishes at the secondary all the time, a thousand times a second: the gap is until the subscriber hears it.
//! Somebody else publishes numbers through a client of its own, and knows which server took each: none of those that the
//! new database took may be missed. That one moves itself, and after a hang later than the subscriber, for what it
//! published last is not repeated: its messages' gap is shown beside.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis_failover::{MultiDbClient, PubSub, PubSubItem, PubSubSettings};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::failover::{Fault, NAME, Settings, Stage, some_moment, together};
use crate::report::{Limit, Part, Row};

const NUMBERS: &str = "numbers";
const VOICE: &str = "voice";
const PACE: Duration = Duration::from_millis(1);
/// How long all goes on after the fault.
const SHORTLY: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_millis(2200);

/// Fault, settings, how many runs at a time, and what the gap may be at the median, in milliseconds.
const CELLS: [(Fault, Settings, usize, f64); 3] = [
    (Fault::Kill, Settings::Default, 1, 10.0),
    (Fault::Stop, Settings::Default, 3, 1300.0),
    (Fault::Stop, Settings::Fast, 3, 800.0),
];

/// What came of one run.
struct Seen {
    /// From the fault to the first message that was published at the new database.
    gap: f64,
    /// To the first that was published through a client.
    gap_of_client: f64,
    /// Messages that the new database took and the subscriber did not get.
    lost: usize,
}

pub(crate) fn measure(short: bool) -> Part {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut part = Part::default();
    for (fault, settings, at_once, limit) in CELLS {
        for warm in [false, true] {
            let runs = if short { at_once } else { 10 };
            let seen: Vec<Seen> = together(&runtime, runs, at_once, || run(fault, settings, warm));
            let mode = if warm { "warm" } else { "not warm" };
            let case = |what| format!("{}, {}, {mode}: {what}", fault.name(), settings.name());
            let gaps: Vec<f64> = seen.iter().map(|seen| seen.gap).collect();
            part.rows.push(Row::median(case("gap in ms, median"), &gaps).budget("P8", Limit::AtMost(limit)));
            part.rows.push(Row::worst(case("gap in ms, worst"), &gaps));
            let gaps: Vec<f64> = seen.iter().map(|seen| seen.gap_of_client).collect();
            part.rows.push(Row::median(case("gap in ms of a client's messages, median"), &gaps));
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
    pubsub.subscribe(NUMBERS).await.expect("a subscription");
    pubsub.subscribe(VOICE).await.expect("a subscription");
    let over = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish(writer.clone(), Arc::clone(&over)));
    let speaking = tokio::spawn(speak(stage.secondary().await, Arc::clone(&over)));
    let reading = read(pubsub, Arc::clone(&over));
    some_moment().await;
    stage.break_primary(fault);
    let broken = Instant::now();
    sleep(if fault == Fault::Kill { SHORTLY } else { LATER }).await;
    over.store(true, Ordering::Relaxed);
    let taken = publishing.await.expect("the publisher's end");
    speaking.await.expect("the voice's end");
    let heard = reading.await.expect("the reader's end");
    for client in [reader, writer] {
        client.close(Duration::ZERO).await;
    }
    let since = |at: Option<Instant>| {
        at.expect("a message of the new database").saturating_duration_since(broken).as_secs_f64() * 1000.0
    };
    let lost = taken.iter().filter(|number| !heard.numbers.contains(number)).count();
    Seen { gap: since(heard.voice), gap_of_client: since(heard.number), lost }
}

/// Publishes at one server until it is over.
async fn speak(mut server: MultiplexedConnection, over: Arc<AtomicBool>) {
    let mut pace = interval(PACE);
    while !over.load(Ordering::Relaxed) {
        pace.tick().await;
        let _heard_by: u32 = server.publish(VOICE, "here").await.expect("a server that runs");
    }
}

/// Publishes until it is over; gives the numbers that the secondary took.
async fn publish(mut client: MultiDbClient, over: Arc<AtomicBool>) -> Vec<u64> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut number, mut taken) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        pace.tick().await;
        number += 1;
        let mut both = redis::pipe();
        both.atomic().get(NAME).publish(NUMBERS, number).ignore();
        // What failed may have been published; nothing is said of it.
        if let Ok((name,)) = both.query_async::<(String,)>(&mut client).await
            && name == "secondary"
        {
            taken.push(number);
        }
    }
    taken
}

/// What a subscriber heard.
#[derive(Default)]
struct Heard {
    numbers: BTreeSet<u64>,
    /// When the first message after the gap came that was published at the new database.
    voice: Option<Instant>,
    /// The same of those that were published through a client.
    number: Option<Instant>,
}

/// Reads until it is over, and nothing comes any more.
fn read(mut pubsub: PubSub, over: Arc<AtomicBool>) -> JoinHandle<Heard> {
    tokio::spawn(async move {
        let (mut moved, mut heard) = (false, Heard::default());
        loop {
            match timeout(Duration::from_millis(300), pubsub.next()).await {
                Ok(Some(PubSubItem::Message(message))) => {
                    let is_number = message.get_channel_name() == NUMBERS;
                    let first = if is_number { &mut heard.number } else { &mut heard.voice };
                    if moved {
                        first.get_or_insert_with(Instant::now);
                    }
                    if is_number {
                        heard.numbers.insert(message.get_payload().expect("a number"));
                    }
                }
                Ok(Some(PubSubItem::Gap { from, to })) => moved |= from != to,
                Ok(None) => return heard,
                Err(_) if over.load(Ordering::Relaxed) => return heard,
                Ok(Some(_)) | Err(_) => {}
            }
        }
    })
}
