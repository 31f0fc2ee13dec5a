//! Looking and steering from plain threads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use redis::Commands;
use redis_failover::Event;
use tests::PATIENCE;
use tower_failover::Weight;
use tower_failover::balance::ManageError;

use super::{Stage, active, becomes_active};

#[test]
fn b38_databases_are_chosen_drained_and_tried_by_hand() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let handle = client.handle().unwrap();
    handle.set_active("secondary", None).unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    client.set::<_, _, ()>("key", 1).unwrap();
    assert!(super::directly(&stage.secondary).exists::<_, bool>("key").unwrap());
    handle.release_choice().unwrap();

    handle.drain("secondary", None).unwrap();
    assert_eq!(handle.snapshot().active.as_deref(), Some("primary"));
    handle.undrain("secondary").unwrap();
    handle.trip("primary", Duration::from_secs(600)).unwrap();
    becomes_active(&client, "secondary");
    handle.release("primary").unwrap();
    handle.force_active("primary", None).unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
    handle.release_choice().unwrap();
    handle.set_weight("secondary", Weight::new(7.0).unwrap()).unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    handle.force_open("secondary").unwrap();
    becomes_active(&client, "primary");
    assert!(matches!(handle.drain("nobody", None), Err(ManageError::UnknownMember(_))));
    handle.remove("secondary").unwrap();
    assert!(matches!(handle.remove("primary"), Err(ManageError::LastMember(_))));
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
