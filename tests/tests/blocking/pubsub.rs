//! Subscribers that wait in `get_message` while databases die, hang, and are changed by hand.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::Commands;
use redis_failover::blocking::PubSub;
use redis_failover::{PubSubItem, PubSubSettings};
use tests::PATIENCE;

use super::{Stage, becomes_active, directly, in_time};

const CHANNEL: &str = "news";

/// Publishes past all clients, and tells how many heard it.
fn publish(server: &AnyServer, text: &str) -> usize {
    directly(server).publish(CHANNEL, text).unwrap()
}

/// What comes next, in short.
fn read(pubsub: &mut PubSub, timeout: Option<Duration>) -> Option<String> {
    Some(match pubsub.get_message(timeout).unwrap()? {
        PubSubItem::Message(message) => message.get_payload().unwrap(),
        PubSubItem::Gap { from, to } => format!("{from} -> {to}"),
        other => panic!("{other:?}"),
    })
}

#[test]
fn b43_get_message_waits_as_long_as_it_is_told_to() {
    let stage = Stage::begin();
    let client = stage.client();
    let mut pubsub = client.pubsub().unwrap();
    pubsub.subscribe(CHANNEL).unwrap();
    assert_eq!(read(&mut pubsub, Some(Duration::ZERO)), None);
    assert_eq!(read(&mut pubsub, Some(Duration::from_millis(20))), None);
    assert_eq!(publish(&stage.primary, "one"), 1);
    assert_eq!(publish(&stage.primary, "two"), 1);
    assert_eq!(read(&mut pubsub, Some(PATIENCE)).as_deref(), Some("one"));
    assert_eq!(read(&mut pubsub, None).as_deref(), Some("two"));

    pubsub.psubscribe("n*s").unwrap();
    pubsub.unsubscribe(CHANNEL).unwrap();
    assert_eq!(publish(&stage.primary, "by pattern"), 1);
    let by_pattern = pubsub.next().unwrap().into_message().unwrap();
    assert_eq!(by_pattern.get_pattern::<String>().unwrap(), "n*s");
    pubsub.punsubscribe("n*s").unwrap();
    assert_eq!(publish(&stage.primary, "nobody"), 0);
}

/// A subscriber waits, without a limit if so wanted, and moves; nobody calls anything meanwhile.
fn moves(timeout: Option<Duration>, settings: PubSubSettings, fault: impl FnOnce(&Stage)) {
    let stage = Stage::begin();
    // The next round of health checks is far away: the subscriber's own connection must tell.
    let client = stage.client_with(|config| config.health_check_interval(Duration::from_secs(600)));
    let mut pubsub = client.pubsub_with(settings).unwrap();
    pubsub.subscribe(CHANNEL).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Until the story is over.
        while read(&mut pubsub, timeout).is_none_or(|item| sender.send(item).is_ok()) {}
    });
    let next = || receiver.recv_timeout(PATIENCE).unwrap();
    assert_eq!(publish(&stage.primary, "before"), 1);
    assert_eq!(next(), "before");
    fault(&stage);
    assert_eq!(next(), "primary -> secondary");
    assert_eq!(publish(&stage.secondary, "after"), 1);
    assert_eq!(next(), "after");
    // A server that is stopped would not end.
    stage.primary.thaw().ok();
}

#[test]
fn b43_a_subscriber_that_waits_for_ever_leaves_a_killed_server() {
    moves(None, PubSubSettings::new(), |stage| stage.primary.kill().unwrap());
}

#[test]
fn b43_a_subscriber_that_waits_for_ever_leaves_a_stopped_server() {
    moves(None, PubSubSettings::new(), |stage| stage.primary.freeze().unwrap());
}

#[test]
fn b43_a_subscriber_that_waits_again_and_again_leaves_a_stopped_server() {
    moves(Some(Duration::from_millis(30)), PubSubSettings::new(), |stage| stage.primary.freeze().unwrap());
}

#[test]
fn b43_one_thread_reads_while_another_one_subscribes_and_the_client_is_dropped() {
    let stage = Stage::begin();
    let client = stage.client();
    let (mut sink, stream) = client.pubsub().unwrap().split();
    // The subscriber keeps what it needs.
    drop(client);
    let reading = thread::spawn(move || {
        let mut messages = stream.filter_map(PubSubItem::into_message);
        messages.next().unwrap().get_payload::<String>().unwrap()
    });
    sink.subscribe(CHANNEL).unwrap();
    assert_eq!(publish(&stage.primary, "hello"), 1);
    assert_eq!(in_time(|| reading.join().unwrap()), "hello");
    assert!(in_time(move || sink.subscribe("more")).is_err(), "its stream is gone");
}

#[test]
fn b43_a_choice_by_hand_moves_a_subscriber_too() {
    let stage = Stage::begin();
    let client = stage.client();
    let mut pubsub = client.pubsub().unwrap();
    pubsub.subscribe(CHANNEL).unwrap();
    client.handle().unwrap().set_active("secondary", None).unwrap();
    becomes_active(&client, "secondary");
    assert_eq!(read(&mut pubsub, Some(PATIENCE)).as_deref(), Some("primary -> secondary"));
}
