//! Looking and steering from plain threads.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use redis::Commands;
use redis_failover::health::HealthCheck;
use redis_failover::{AddDatabaseOptions, DatabaseConfig, Error, Event};
use tests::PATIENCE;
use tower_failover::balance::ManageError;
use tower_failover::failure_detector::Observation;
use tower_failover::{Health, Weight};

use super::closing::threads_behind_clients;
use super::{Stage, active, becomes_active, until};

#[test]
fn b38_databases_are_chosen_drained_and_tried_by_hand() {
    let stage = Stage::begin();
    let mut client = stage.client();
    client.set_active_database("secondary").unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    client.set::<_, _, ()>("key", 1).unwrap();
    assert!(super::directly(&stage.secondary).exists::<_, bool>("key").unwrap());
    client.release_active_database().unwrap();
    client.drain_database("secondary", None).unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
    client.undrain_database("secondary").unwrap();
    client.trip_database("primary", Duration::from_secs(600)).unwrap();
    becomes_active(&client, "secondary");
    client.release_database("primary").unwrap();
    client.force_active_database("primary").unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
}

#[test]
fn b38_the_handle_does_the_same() {
    let stage = Stage::begin();
    let client = stage.client();
    let handle = client.handle().unwrap();
    handle.set_active("secondary", Some(Duration::from_secs(600))).unwrap();
    assert_eq!(handle.snapshot().active.as_deref(), Some("secondary"));
    handle.release_choice().unwrap();
    handle.drain("secondary", None).unwrap();
    assert_eq!(handle.snapshot().active.as_deref(), Some("primary"));
    handle.undrain("secondary").unwrap();
    handle.trip("primary", Duration::from_secs(600)).unwrap();
    becomes_active(&client, "secondary");
    handle.release("primary").unwrap();
    handle.force_active("primary", None).unwrap();
    handle.release_choice().unwrap();
    handle.set_weight("secondary", Weight::new(7.0).unwrap()).unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    handle.force_open("secondary").unwrap();
    becomes_active(&client, "primary");
    let unknown = handle.drain("nobody", None);
    assert!(matches!(unknown, Err(Error::Manage(ManageError::UnknownMember(_)))), "{unknown:?}");
}

#[test]
fn b40_databases_checks_and_detectors_come_and_go() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let third = stage.another();
    let database = || DatabaseConfig::from_url(&third.url()).unwrap().name("third").weight(2.0);
    let only_healthy = AddDatabaseOptions::new().skip_initial_health_check(false);
    client.add_database_with(only_healthy, database()).unwrap();
    assert_eq!(active(&client).as_deref(), Some("third"), "it is the heaviest");
    client.set::<_, _, ()>("key", 1).unwrap();
    assert!(super::directly(&third).exists::<_, bool>("key").unwrap());
    let twice = client.add_database(database());
    assert!(matches!(twice, Err(Error::Config(_))), "{twice:?}");

    let names: Vec<_> = client.databases().iter().map(|one| one.member.name.to_string()).collect();
    assert_eq!(names, ["primary", "secondary", "third"]);
    client.update_database_weight("third", 0.1).unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
    client.add_health_check(HealthCheck::role()).unwrap();
    client.add_health_check_to("third", HealthCheck::new("always", |_, _| ready(Health::Healthy))).unwrap();
    client.add_failure_detector(|| |_: &Observation| false).unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let detector = move || {
        let counted = Arc::clone(&counted);
        move |_: &Observation| counted.fetch_add(1, Ordering::Relaxed) == u64::MAX
    };
    client.add_failure_detector_to("primary", detector).unwrap();
    client.set::<_, _, ()>("key", 1).unwrap();
    assert!(calls.load(Ordering::Relaxed) > 0);
    assert_eq!(client.circuit("third").unwrap().state(), client.circuit("primary").unwrap().state());

    client.remove_database("primary").unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    client.remove_database("third").unwrap();
    let last = client.remove_database("secondary");
    assert!(matches!(last, Err(Error::Manage(ManageError::LastMember(_)))), "{last:?}");
    client.set::<_, _, ()>("key", 2).unwrap();
    // Without the client there is nothing to manage.
    client.close(PATIENCE);
    assert!(matches!(client.remove_database("secondary"), Err(Error::Closed)));
    assert!(matches!(client.add_database(database()), Err(Error::Closed)));
}

#[test]
fn b51_a_listener_may_block_call_the_client_and_close_it() {
    let stage = Stage::begin();
    let client = stage.client();
    let (sender, receiver) = mpsc::channel();
    let mut of_listener = client.clone();
    let caller = Mutex::new(move || {
        of_listener.set::<_, _, ()>("moved", 1).unwrap();
        of_listener.close(PATIENCE);
    });
    client.add_listener(move |event| {
        if let Event::ActiveChanged { to, .. } = event {
            (caller.lock().unwrap())();
            sender.send(to.to_string()).unwrap();
        }
    });
    let heard = Arc::new(AtomicU64::new(0));
    let hears = Arc::clone(&heard);
    client.add_async_listener(move |_| {
        hears.fetch_add(1, Ordering::Relaxed);
        ready(())
    });
    client.set_active_database("secondary").unwrap();
    assert_eq!(receiver.recv_timeout(PATIENCE).unwrap(), "secondary");
    assert!(client.is_closed());
    until("the thread behind it ends", || threads_behind_clients() == 0);
    assert!(heard.load(Ordering::Relaxed) > 0);
    assert_eq!(super::directly(&stage.secondary).get::<_, u64>("moved").unwrap(), 1);
}

#[test]
fn b51_listeners_hear_what_was_told_before_the_end() {
    let stage = Stage::begin();
    let client = stage.client();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    client.add_listener(move |event| {
        if let Event::ActiveChanged { to, .. } = event {
            // Slow, so that most of it comes after the end.
            thread::sleep(Duration::from_millis(50));
            hears.lock().unwrap().push(to.to_string());
        }
    });
    let handle = client.handle().unwrap();
    for name in ["secondary", "primary", "secondary", "primary"] {
        handle.force_active(name, None).unwrap();
    }
    drop(client);
    until("the thread behind it ends", || threads_behind_clients() == 0);
    assert_eq!(*heard.lock().unwrap(), ["secondary", "primary", "secondary", "primary"]);
}

#[test]
fn b51_an_iterator_tells_what_happens() {
    let stage = Stage::begin();
    let client = stage.client();
    let (sender, receiver) = mpsc::channel();
    let events = client.events();
    thread::spawn(move || {
        for event in events {
            if let Event::ActiveChanged { from, to, .. } = event {
                // Nobody listens once the story is over.
                let _ = sender.send((from.map(|name| name.to_string()), to.to_string()));
            }
        }
    });
    stage.primary.kill().unwrap();
    let told = receiver.recv_timeout(PATIENCE).unwrap();
    assert_eq!(told, (Some("primary".to_owned()), "secondary".to_owned()));
}
