//! Listeners of a client: what they hear, and what they may do (B51).

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, Error, Event, MultiDbClient, MultiDbConfig};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(20);

async fn pair() -> (EmbeddedRedis, EmbeddedRedis, MultiDbConfig) {
    let (primary, secondary) = (EmbeddedRedis::start().await.unwrap(), EmbeddedRedis::start().await.unwrap());
    let config = MultiDbConfig::new([
        DatabaseConfig::from_url(&primary.url()).unwrap().name("primary").weight(1.0),
        DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5),
    ]);
    (primary, secondary, config.health_check_delay(Duration::from_millis(5)))
}

type Heard = mpsc::UnboundedReceiver<Event>;

/// As an async listener.
fn later(listener: impl Fn(&Event)) -> impl Fn(Event) -> std::future::Ready<()> {
    move |event| {
        listener(&event);
        std::future::ready(())
    }
}

fn sending() -> (impl Fn(&Event) + Send + Sync + 'static, Heard) {
    let (sender, heard) = mpsc::unbounded_channel();
    // The story may have ended.
    (move |event: &Event| drop(sender.send(event.clone())), heard)
}

async fn until(heard: &mut Heard, what: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    while !seen.last().is_some_and(&what) {
        seen.push(timeout(LONG, heard.recv()).await.unwrap_or_else(|_| panic!("{seen:?}")).unwrap());
    }
    seen
}

fn is_switch_to(name: &'static str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::ActiveChanged { to, .. } if **to == *name)
}

#[tokio::test]
async fn b51_listeners_of_the_builder_hear_the_events_of_the_start() {
    let (_primary, _secondary, config) = pair().await;
    let (plain, mut plainly_heard) = sending();
    let (listener, mut heard) = sending();
    let config = config.listener(plain).async_listener(later(listener));
    let client = MultiDbClient::new(config).unwrap();
    client.connect(LONG).await.unwrap();
    for heard in [&mut plainly_heard, &mut heard] {
        let told = until(heard, is_switch_to("primary")).await;
        let added = |event: &&Event| matches!(event, Event::MemberAdded { .. });
        assert_eq!(told.iter().filter(added).count(), 2, "{told:?}");
    }
}

#[tokio::test]
async fn b51_a_listener_added_at_run_time_hears_what_comes_after_it() {
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    let (early, mut heard_early) = sending();
    client.add_listener(early);
    client.connect(LONG).await.unwrap();
    until(&mut heard_early, is_switch_to("primary")).await;

    let (late, mut heard) = sending();
    client.add_async_listener(later(late));
    primary.control().kill();
    let told = until(&mut heard, is_switch_to("secondary")).await;
    assert!(!told.iter().any(|event| matches!(event, Event::MemberAdded { .. })), "{told:?}");
    until(&mut heard_early, is_switch_to("secondary")).await;
}

/// A listener that has the client, which is there only after the listener.
type Callee = Arc<OnceLock<MultiDbClient>>;

#[tokio::test]
async fn b51_a_listener_may_call_and_steer_the_client() {
    let (primary, _secondary, config) = pair().await;
    let (callee, (done, mut results)) = (Callee::default(), mpsc::unbounded_channel());
    let client = Arc::clone(&callee);
    let config = config.async_listener(move |event| {
        let (client, done) = (Arc::clone(&client), done.clone());
        async move {
            if is_switch_to("secondary")(&event) {
                let mut client = client.get().unwrap().clone();
                client.add_listener(|_| {});
                let set = client.set::<_, _, ()>("heard", "on the secondary").await;
                let chosen = client.handle().unwrap().set_active("secondary", None).await;
                done.send((set.is_ok(), chosen, client.snapshot().unwrap().pinned)).unwrap();
            }
        }
    });
    let client = callee.get_or_init(|| MultiDbClient::new(config).unwrap());
    client.connect(LONG).await.unwrap();
    primary.control().kill();
    let (set, chosen, pinned) = timeout(LONG, results.recv()).await.unwrap().unwrap();
    assert!(set);
    assert_eq!((chosen, pinned.as_deref()), (Ok(()), Some("secondary")));
    client.close(LONG).await;
}

#[tokio::test]
async fn b51_a_listener_may_close_the_client_and_hears_no_more_then() {
    let (primary, secondary, config) = pair().await;
    let callee = Callee::default();
    let (client, runtime) = (Arc::clone(&callee), Handle::current());
    let (listener, mut heard) = sending();
    let config = config.listener(move |event| {
        if is_switch_to("secondary")(event) {
            // On its thread it may block.
            runtime.block_on(client.get().unwrap().close(LONG));
        }
        listener(event);
    });
    let client = callee.get_or_init(|| MultiDbClient::new(config).unwrap());
    client.connect(LONG).await.unwrap();
    primary.control().kill();
    until(&mut heard, is_switch_to("secondary")).await;
    let refused = client.clone().get::<_, String>("key").await.unwrap_err();
    assert!(matches!(Error::of(&refused), Some(Error::Closed)), "{refused}");
    let ended = async { while heard.recv().await.is_some() {} };
    timeout(LONG, ended).await.unwrap();
    drop(secondary);
}
