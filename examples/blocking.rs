//! Plain threads share a client, without a line of `async`, and go on when their database dies.
//!
//! `cargo run --example blocking` needs no server: it starts two of its own, real ones where there are any. Four
//! workers write and count, one thread is subscribed, one is told what happens; then the primary is killed.

use std::process::ExitCode;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::Commands;
use redis_failover::blocking::{EventIter, MultiDbClient, PubSub};
use redis_failover::{DatabaseConfig, Error, Event, MultiDbConfig, PubSubItem};
use tokio::time::Instant;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const WORKERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell() -> Result<(), BoxError> {
    // What starts the servers is async, and needs a runtime; the client does not.
    let runtime = tokio::runtime::Runtime::new()?;
    let primary = runtime.block_on(AnyServer::start())?;
    let secondary = runtime.block_on(AnyServer::start())?;
    println!("two databases: {}", primary.describe());

    let client = MultiDbClient::new(MultiDbConfig::new([
        DatabaseConfig::from_url(&primary.url())?.name("primary").weight(1.0),
        DatabaseConfig::from_url(&secondary.url())?.name("secondary").weight(0.5),
    ]))?;
    let events = client.events();
    let listener = thread::spawn(move || listen(events));
    client.connect(PATIENCE)?;

    let mut pubsub = client.pubsub()?;
    pubsub.subscribe("jobs")?;
    let reader = thread::spawn(move || read(pubsub));
    let end = Instant::now() + Duration::from_secs(2);
    let workers: Vec<JoinHandle<_>> = (0..WORKERS)
        .map(|number| {
            let client = client.clone(); // One for each thread.
            thread::spawn(move || work(client, number, end))
        })
        .collect();

    // They work for a while, as they would.
    thread::sleep(Duration::from_millis(700));
    println!("the primary is killed");
    primary.kill()?;

    let (mut done, mut in_doubt) = (0, 0);
    for worker in workers {
        let worked = joined(worker)??;
        (done, in_doubt) = (done + worked.done, in_doubt + worked.in_doubt);
    }
    println!("{done} jobs were done by {WORKERS} threads, {in_doubt} may have been counted or not");

    // All or nothing, whichever database serves: the closure runs again if others were faster.
    let bonus: Option<(u64,)> = client.transaction("count", |connection, mut pipeline| {
        let count: u64 = connection.get("count")?;
        pipeline.set("bonus", count / 10).ignore().get("bonus");
        Ok(Some(pipeline))
    })?;
    println!("the secondary has counted enough for a bonus of {}", bonus.ok_or("the closure stopped")?.0);

    // Ends what waits in other threads, too.
    client.close(Duration::from_secs(1));
    let switches = joined(listener)?;
    let (messages, gaps) = joined(reader)?;
    println!("{messages} messages were read, with {gaps} gap between two of them");
    if switches != ["primary", "secondary"] || gaps != 1 || in_doubt > WORKERS {
        return Err(format!("not as it should be: {switches:?}, {gaps} gaps, {in_doubt} in doubt").into());
    }
    Ok(())
}

/// What a thread has made.
fn joined<T>(thread: JoinHandle<T>) -> Result<T, BoxError> {
    thread.join().map_err(|_| "a thread panicked".into())
}

#[derive(Default)]
struct Worked {
    done: usize,
    in_doubt: usize,
}

/// One job after the other. No command fails because of the dead database, except for one that may not be repeated.
fn work(mut client: MultiDbClient, number: usize, end: Instant) -> Result<Worked, BoxError> {
    let mut worked = Worked::default();
    while Instant::now() < end {
        client.set::<_, _, ()>(format!("worker:{number}"), worked.done)?;
        match client.incr::<_, _, u64>("count", 1) {
            Ok(count) => {
                worked.done += 1;
                if count % 500 == 0 {
                    client.publish::<_, _, ()>("jobs", count).or_else(in_doubt)?;
                }
            }
            Err(error) => {
                in_doubt(error)?;
                worked.in_doubt += 1;
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(worked)
}

/// Only whoever knows what a command means can tell what is to be done when it may have been applied.
fn in_doubt(error: redis::RedisError) -> Result<(), BoxError> {
    match Error::of(&error) {
        Some(Error::MayHaveBeenApplied(_)) => Ok(()),
        _ => Err(error.into()),
    }
}

/// Until the client is closed. It moves with the active database while it waits.
fn read(mut pubsub: PubSub) -> (usize, usize) {
    let (mut messages, mut gaps) = (0, 0);
    loop {
        match pubsub.get_message(Some(Duration::from_millis(500))) {
            Ok(Some(PubSubItem::Message(_))) => messages += 1,
            Ok(Some(PubSubItem::Gap { from, to })) => {
                println!("messages may be missing here: {from} -> {to}");
                gaps += 1;
            }
            Ok(_) => {}
            Err(_) => return (messages, gaps),
        }
    }
}

/// Who served, one after the other. The iterator ends when the client is closed.
fn listen(events: EventIter) -> Vec<String> {
    let mut served = Vec::new();
    for event in events {
        if let Event::ActiveChanged { to, reason, .. } = event {
            println!("{to} serves now: {reason:?}");
            served.push(to.to_string());
        }
    }
    served
}
