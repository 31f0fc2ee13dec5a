//! Within tokio runtimes of all kinds, none of which is the client's.

use std::sync::{Arc, OnceLock, mpsc};

use redis::Commands;
use redis_failover::blocking::MultiDbClient;
use redis_failover::health::{HealthCheck, Prober};
use redis_failover::{Error, MultiDbConfig, PubSubItem};
use tests::{PATIENCE, config};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tower_failover::{Health, Probe};

use super::closing::threads_behind_clients;
use super::{Stage, becomes_active, brisk, in_time, until};

/// A client's whole life without a single `await`: made, used through a switch, and dropped.
fn live(config: MultiDbConfig, stage: &Stage) {
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).unwrap();
    becomes_active(&client, "primary");
    // More calls than tokio lets a task make in one turn.
    for number in 0..300 {
        client.set::<_, _, ()>("key", number).unwrap();
    }
    let mut pubsub = client.pubsub().unwrap();
    pubsub.subscribe("news").unwrap();
    stage.primary.kill().unwrap();
    client.set::<_, _, ()>("key", "moved").unwrap();
    assert_eq!(client.clone().get::<_, String>("key").unwrap(), "moved");
    becomes_active(&client, "secondary");
    let item = pubsub.get_message(Some(PATIENCE)).unwrap();
    assert!(matches!(item, Some(PubSubItem::Gap { .. })), "{item:?}");
    client.handle().unwrap().drain("primary", None).unwrap();
}

/// Lives where `place` puts it.
fn lives_in(place: impl FnOnce(Box<dyn FnOnce() + Send>) + Send + 'static) {
    let stage = Arc::new(Stage::begin());
    let config = brisk(config(&stage.primary.url(), &stage.secondary.url()));
    let there = Arc::clone(&stage);
    in_time(move || place(Box::new(move || live(config, &there))));
    until("the thread behind it ends", || threads_behind_clients() == 0);
}

#[test]
fn b54_it_lives_in_a_single_threaded_runtime() {
    lives_in(|life| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { life() });
    });
}

#[test]
fn b54_it_lives_in_a_task_on_the_only_worker_of_a_runtime() {
    lives_in(|life| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async { tokio::spawn(async { life() }).await.unwrap() });
    });
}

#[test]
fn b54_it_lives_where_blocking_is_allowed() {
    lives_in(|life| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async { spawn_blocking(life).await.unwrap() });
    });
}

#[test]
fn b54_it_lives_in_a_runtime_without_timers_and_io() {
    lives_in(|life| Builder::new_current_thread().build().unwrap().block_on(async { life() }));
}

#[test]
fn b54_the_client_of_a_plain_thread_may_end_in_async_code() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let pubsub = client.pubsub().unwrap();
    client.set::<_, _, ()>("key", 1).unwrap();
    assert_eq!(threads_behind_clients(), 1);
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move {
        drop(client);
        drop(pubsub);
    });
    until("the thread behind it ends", || threads_behind_clients() == 0);
}

#[test]
fn b54_what_runs_behind_the_client_cannot_wait_for_it() {
    let stage = Stage::begin();
    let client: Arc<OnceLock<MultiDbClient>> = Arc::default();
    let (sender, receiver) = mpsc::channel();
    let of_check = Arc::clone(&client);
    let check = HealthCheck::new("calls-back", move |_: Prober, _: Probe| {
        if let Some(client) = of_check.get() {
            let called = client.clone().get::<_, Option<String>>("key").map(drop);
            let ordered = client.handle().map(|handle| handle.release_choice());
            // Nobody listens once the story is over.
            let _ = sender.send((called, client.pubsub().map(drop), ordered));
        }
        std::future::ready(Health::Healthy)
    });
    let made = stage.client_with(|config| config.add_health_check(check));
    client.set(made).unwrap();
    let (called, subscribed, ordered) = receiver.recv_timeout(PATIENCE).unwrap();
    let called = called.unwrap_err();
    assert!(matches!(Error::of(&called), Some(Error::WouldDeadlock)), "{called:?}");
    assert!(matches!(subscribed, Err(Error::WouldDeadlock)), "{subscribed:?}");
    assert!(matches!(ordered, Some(Err(Error::WouldDeadlock))), "{ordered:?}");
}
