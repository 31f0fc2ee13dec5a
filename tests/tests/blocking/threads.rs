//! Many threads, one client, and a server that dies.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use redis::Commands;
use redis_failover::Error;
use redis_failover::blocking::MultiDbClient;
use tests::config;

use super::closing::threads_behind_clients;
use super::{Stage, becomes_active, brisk, directly, in_time, until};

const THREADS: usize = 16;

/// How far each thread is, and what became of the increments.
#[derive(Debug, Default)]
struct Ledger {
    turns: [AtomicU64; THREADS],
    applied: AtomicU64,
    in_doubt: AtomicU64,
}

impl Ledger {
    fn turns(&self) -> [u64; THREADS] {
        self.turns.each_ref().map(|turns| turns.load(Ordering::Relaxed))
    }

    /// Waits until each thread has ended a turn that it begins from now on.
    fn goes_on(&self) {
        // One more may be under way.
        let enough = self.turns().map(|turns| turns + 2);
        until("new turns of each thread", || {
            self.turns().iter().zip(enough).all(|(is, enough)| *is >= enough)
        });
    }
}

/// Writes, reads and counts until it is told to stop. Only what may not be repeated may fail, and only by saying so.
fn work(mut client: MultiDbClient, number: usize, ended: &AtomicBool, ledger: &Ledger) {
    let (key, mut turn) = (format!("thread:{number}"), 0);
    while !ended.load(Ordering::Relaxed) {
        client.set::<_, _, ()>(&key, turn).unwrap();
        let mut pipeline = redis::pipe();
        pipeline.set(&key, turn).ignore().set("shared", number).ignore();
        pipeline.exec(&mut client).unwrap();
        let _: Option<u64> = client.get(&key).unwrap();
        match client.incr::<_, _, u64>("counter", 1) {
            Ok(_) => ledger.applied.fetch_add(1, Ordering::Relaxed),
            Err(error) => match Error::of(&error) {
                Some(Error::MayHaveBeenApplied(_)) => ledger.in_doubt.fetch_add(1, Ordering::Relaxed),
                _ => panic!("{error:?}"),
            },
        };
        turn += 1;
        ledger.turns[number].store(turn, Ordering::Relaxed);
        // Leaves the machine room for the servers and the other tests.
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn b54_sixteen_threads_go_on_through_a_kill_and_count_nothing_twice() {
    let Some(stage) = Stage::durable() else { return };
    let client = stage.client();
    let (ended, ledger) = (Arc::new(AtomicBool::new(false)), Arc::new(Ledger::default()));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (client, ended, ledger) = (client.clone(), Arc::clone(&ended), Arc::clone(&ledger));
            thread::spawn(move || work(client, number, &ended, &ledger))
        })
        .collect();
    ledger.goes_on();
    stage.primary.kill().unwrap();
    becomes_active(&client, "secondary");
    ledger.goes_on();
    ended.store(true, Ordering::Relaxed);
    in_time(|| threads.into_iter().for_each(|thread| thread.join().unwrap()));

    stage.restart(&stage.primary);
    let counter = |server| directly(server).get::<_, Option<u64>>("counter").unwrap().unwrap_or(0);
    let sum = counter(&stage.primary) + counter(&stage.secondary);
    let (applied, in_doubt) =
        (ledger.applied.load(Ordering::Relaxed), ledger.in_doubt.load(Ordering::Relaxed));
    println!(
        "{:?} turns; {applied} applied, {in_doubt} in doubt, the counters' sum is {sum}",
        ledger.turns()
    );
    assert!((applied..=applied + in_doubt).contains(&sum));
    assert!(in_doubt <= THREADS as u64, "one for each thread at most");
}

#[test]
fn b54_of_first_calls_at_once_only_one_starts_the_thread() {
    let stage = Stage::begin();
    for turn in 0..10 {
        // One that needs no thread of its own. A thread too many would wait for it.
        let config = brisk(config(&stage.primary.url(), &stage.secondary.url())).async_listener(|_| async {});
        let client = MultiDbClient::new(config).unwrap();
        let together = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (mut client, together) = (client.clone(), Arc::clone(&together));
                thread::spawn(move || {
                    together.wait();
                    client.set::<_, _, ()>("key", turn).unwrap();
                    threads_behind_clients()
                })
            })
            .collect();
        let seen: Vec<usize> = in_time(|| threads.into_iter().map(|thread| thread.join().unwrap()).collect());
        // While threads end, the system's list of them may leave out others; it never has too many.
        assert!(seen.iter().all(|count| *count <= 1) && threads_behind_clients() <= 1, "{seen:?}");
        until("the one thread is seen", || threads_behind_clients() == 1);
        drop(client);
        until("the thread behind it ends", || threads_behind_clients() == 0);
    }
}
