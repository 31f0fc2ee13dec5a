//! The end of a client, and what it leaves behind: nothing.

use std::fs;
use std::thread;
use std::time::Duration;

use redis::{Commands, ConnectionLike};
use redis_failover::blocking::MultiDbClient;
use redis_failover::{Error, Event};
use tests::PATIENCE;

use super::{Stage, directly, in_time, until};

/// Threads of this process that were started by clients. A test has its process to itself.
pub(super) fn threads_behind_clients() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // One may end while the others are looked at.
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "redis-failover").count()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn sockets() -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let targets = descriptors.filter_map(|descriptor| fs::read_link(descriptor.unwrap().path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

fn is_closed(result: redis::RedisResult<()>) -> bool {
    result.is_err_and(|error| matches!(Error::of(&error), Some(Error::Closed)))
}

#[test]
fn b54_fifty_clients_leave_no_thread_and_no_descriptor_behind() {
    let stage = Stage::begin();
    let before = descriptors();
    for turn in 0..50 {
        let mut client = stage.client();
        client.set::<_, _, ()>("key", turn).unwrap();
        let mut pubsub = client.pubsub().unwrap();
        pubsub.subscribe("news").unwrap();
        // Whichever way it ends.
        match turn % 3 {
            0 => client.close(PATIENCE),
            1 => drop(pubsub),
            _ => {}
        }
    }
    until("all threads end", || threads_behind_clients() == 0);
    until("all descriptors are closed", || descriptors() <= before);
}

#[test]
fn b54_close_ends_the_thread_although_clones_and_subscribers_are_kept() {
    let stage = Stage::begin();
    let before = (sockets(), descriptors());
    let mut client = stage.client();
    let handle = client.handle().unwrap();
    let (mut pubsub, mut events) = (client.pubsub().unwrap(), client.events());
    pubsub.subscribe("news").unwrap();
    client.set::<_, _, ()>("key", 1).unwrap();
    assert_eq!(threads_behind_clients(), 1);
    handle.drain("secondary", None).unwrap();
    handle.force_active("secondary", None).unwrap();

    client.close(PATIENCE);
    until("the thread behind it ends", || threads_behind_clients() == 0);
    until("all connections are closed", || sockets() <= before.0);
    assert!(!client.is_open() && !client.check_connection());
    assert!(is_closed(client.set("key", 2)));
    assert!(matches!(client.connect(PATIENCE), Err(Error::Closed)));
    assert!(matches!(client.pubsub(), Err(Error::Closed)));
    assert!(matches!(handle.drain("primary", None), Err(Error::Closed)));
    // What was told before can still be read; then it is over.
    in_time(move || {
        assert!(events.any(|event| matches!(event, Event::ActiveChanged { .. })));
        assert!(events.all(|event| !matches!(event, Event::OutageBegan)));
        assert!(matches!(events.next_event(None), Err(Error::Closed)));
        while pubsub.get_message(None).is_ok() {}
        assert!(matches!(pubsub.subscribe("more"), Err(Error::Closed)));
    });
    drop((client, handle));
    until("all descriptors are closed", || descriptors() <= before.1);
}

#[test]
fn b42_close_waits_for_calls_in_flight_up_to_its_limit() {
    let stage = Stage::begin();
    let client = stage.client();
    let pop = |seconds: f64| {
        let mut client = client.clone();
        thread::spawn(move || client.blpop::<_, Option<(String, u32)>>("queue", seconds))
    };
    let (short, forever) = (pop(0.3), pop(0.0));
    until("both wait", || {
        let mut server = directly(&stage.primary);
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut server).unwrap();
        clients.matches("cmd=blpop").count() == 2
    });
    client.close(Duration::from_secs(1));
    // The one that could finish has, the other one was ended.
    assert_eq!(short.join().unwrap().unwrap(), None);
    assert!(in_time(|| forever.join().unwrap()).is_err());
    until("the thread behind it ends", || threads_behind_clients() == 0);
}

#[test]
fn b42_a_client_that_was_never_used_has_no_thread_and_can_be_closed() {
    let mut client = MultiDbClient::from_urls(["redis://127.0.0.1:1", "redis://127.0.0.1:2"]).unwrap();
    let mut events = client.events();
    assert_eq!(events.next_event(Some(Duration::from_millis(1))).unwrap(), None);
    assert!(client.snapshot().is_none() && client.handle().is_none());
    client.close(PATIENCE);
    assert!(is_closed(client.set("key", 1)));
    assert_eq!(threads_behind_clients(), 0, "none is started for what is refused");
    assert!(matches!(events.next_event(None), Err(Error::Closed)));
}

#[test]
fn b54_iterators_of_events_end_with_the_last_clone() {
    let stage = Stage::begin();
    let client = stage.client();
    let events = client.events();
    let told = thread::spawn(move || events.count());
    drop(client);
    in_time(|| told.join().unwrap());
}
