//! Subscribers on real servers where there are any: databases die, hang, and are changed by hand.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis_failover::{Error, MultiDbClient, MultiDbConfig, PubSub, PubSubItem, PubSubSettings};
use tests::{
    PATIENCE, active, becomes_active, config,
    messages::{CHANNEL, NAME, Publisher, read},
    pair,
};
use tokio::time::{Instant, sleep, timeout};

const NAMES: [&str; 2] = ["primary", "secondary"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Stop,
    Choice,
}

use Fault::{Choice, Kill, Stop};

/// Two servers that know their names, a client that publishes and one that listens.
struct Story {
    servers: [AnyServer; 2],
    publisher: MultiDbClient,
    subscriber: MultiDbClient,
}

/// Whether publisher and subscriber are clones of one client, or two that move at their own times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    One,
    Two,
}

impl Story {
    async fn begin(clients: Clients) -> Self {
        let (primary, secondary, config) = pair().await;
        let config = quick(config);
        let subscriber = MultiDbClient::new(config.clone()).unwrap();
        let publisher = match clients {
            Clients::One => subscriber.clone(),
            Clients::Two => MultiDbClient::new(config).unwrap(),
        };
        let story = Self { servers: [primary, secondary], publisher, subscriber };
        for index in 0..2 {
            story.name(index).await;
        }
        for client in story.clients() {
            client.connect(PATIENCE).await.unwrap();
            becomes_active(client, "primary").await;
        }
        story
    }

    fn clients(&self) -> [&MultiDbClient; 2] {
        [&self.publisher, &self.subscriber]
    }

    /// Tells a server its name.
    async fn name(&self, index: usize) {
        let mut server = plain(&self.servers[index]).await;
        redis::cmd("SET").arg(NAME).arg(NAMES[index]).exec_async(&mut server).await.unwrap();
    }

    fn active(&self) -> usize {
        let active = active(&self.subscriber).unwrap();
        NAMES.iter().position(|name| *name == active).unwrap()
    }

    /// The active database is lost, or left; everybody goes to the other, and it comes back.
    async fn suffer(&self, fault: Fault, subscribed: usize) {
        let (active, other) = (self.active(), 1 - self.active());
        match fault {
            Kill => self.servers[active].kill().unwrap(),
            Stop => self.servers[active].freeze().unwrap(),
            Choice => {
                for client in self.clients() {
                    client.handle().unwrap().set_active(NAMES[other], None).await.unwrap();
                }
            }
        }
        for client in self.clients() {
            becomes_active(client, NAMES[other]).await;
        }
        sleep(Duration::from_millis(200)).await;
        match fault {
            Kill => {
                self.servers[active].restart().await.unwrap();
                self.name(active).await;
            }
            Stop => self.servers[active].thaw().unwrap(),
            Choice => {
                for client in self.clients() {
                    client.handle().unwrap().release_choice().await.unwrap();
                }
            }
        }
        for client in self.clients() {
            is_available(client, NAMES[active]).await;
        }
        subscribers(&self.servers[active], subscribed).await;
    }

    /// Goes through these faults while numbers are published, and tells what the reader lost.
    async fn run(faults: &[Fault], clients: Clients, warm: bool) -> tests::messages::Comparison {
        let story = Self::begin(clients).await;
        let settings = PubSubSettings::new().warm(warm);
        let mut pubsub = story.subscriber.pubsub_with(settings).await.unwrap();
        pubsub.subscribe(CHANNEL).await.unwrap();
        let elsewhere = usize::from(warm);
        subscribers(&story.servers[1], elsewhere).await;

        let ended = Arc::new(AtomicBool::new(false));
        let reading = read(pubsub, Arc::clone(&ended));
        let began = Instant::now();
        let publisher = Publisher::start(&story.publisher);
        sleep(Duration::from_millis(200)).await;
        for fault in faults {
            story.suffer(*fault, elsewhere).await;
            sleep(Duration::from_millis(100)).await;
        }
        let ledger = publisher.end().await;
        let took = began.elapsed();
        ended.store(true, Ordering::Relaxed);
        let items = reading.await.unwrap();
        let found = ledger.compare("primary", &items);
        let (taken, unanswered) = (ledger.taken.len(), ledger.unanswered);
        println!("{taken} numbers in {took:?}, {unanswered} without an answer; {found:?}");
        // A slow machine may add a reconnect.
        assert!(found.gaps >= faults.len(), "a gap for each switch");
        assert!(found.read > 0);
        found
    }
}

/// Quick to see that a database is back; everything else is as it is by default.
fn quick(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(200))
        .health_check_delay(Duration::from_millis(20))
        .grace_period(Duration::from_millis(50))
        .redial_spread(Duration::from_millis(20))
        .auto_fallback_interval(None)
}

async fn plain(server: &AnyServer) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Waits until a condition holds.
async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// Waits until so many are subscribed.
async fn subscribers(server: &AnyServer, count: usize) {
    let server = plain(server).await;
    let subscribed = async || {
        let mut list = redis::cmd("CLIENT");
        let listed: String = list.arg("LIST").query_async(&mut server.clone()).await.unwrap();
        listed.lines().filter(|line| !line.contains(" sub=0")).count() == count
    };
    until("subscribers", subscribed).await;
}

async fn is_available(client: &MultiDbClient, name: &str) {
    let available = async || {
        let snapshot = client.snapshot().unwrap();
        snapshot.member(name).unwrap().view.preference().is_some()
    };
    until("an available database", available).await;
}

async fn next(pubsub: &mut PubSub) -> PubSubItem {
    timeout(PATIENCE, pubsub.next()).await.expect("an item in time").expect("an item")
}

async fn next_gap(pubsub: &mut PubSub) -> (String, String) {
    loop {
        if let PubSubItem::Gap { from, to } = next(pubsub).await {
            return (from.to_string(), to.to_string());
        }
    }
}

/// What is published on this server comes.
async fn hears(pubsub: &mut PubSub, server: &AnyServer, text: &str) {
    let mut server = plain(server).await;
    redis::cmd("PUBLISH").arg(CHANNEL).arg(text).exec_async(&mut server).await.unwrap();
    let message = next(pubsub).await.into_message().expect("a message");
    assert_eq!(message.get_payload_bytes(), text.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b45_through_switches_of_all_kinds_every_gap_is_marked() {
    Story::run(&[Kill, Stop, Choice, Kill], Clients::Two, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b46_a_warm_subscriber_loses_nothing_that_the_new_database_received() {
    let found = Story::run(&[Kill, Stop, Choice, Kill], Clients::Two, true).await;
    assert_eq!(found.lost_after, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b46_a_warm_subscriber_moves_with_the_publishers_of_its_client() {
    let found = Story::run(&[Choice; 6], Clients::One, true).await;
    assert_eq!(found.lost_after, 0);
}

/// The long story, for which the machine should have nothing else to do:
/// `cargo nextest run --release -p tests --test pubsub --run-ignored only --no-capture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes of faults; for a quiet machine"]
async fn b45_b46_twenty_switches() {
    let faults = [
        Kill, Stop, Choice, Kill, Kill, Stop, Choice, Kill, Stop, Choice, Kill, Stop, Kill, Choice, Stop,
        Kill, Choice, Stop, Kill, Choice,
    ];
    for (fault, count) in [(Kill, 8), (Stop, 6), (Choice, 6)] {
        assert_eq!(faults.iter().filter(|one| **one == fault).count(), count);
    }
    for clients in [Clients::One, Clients::Two] {
        Story::run(&faults, clients, false).await;
        let found = Story::run(&faults, clients, true).await;
        assert_eq!(found.lost_after, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b44_an_idle_subscriber_leaves_a_silent_server_without_any_command() {
    let (primary, secondary, config) = pair().await;
    // The next round of health checks is far away; the subscriber alone must tell.
    let client = MultiDbClient::new(config.health_check_interval(Duration::from_secs(600))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe(CHANNEL).await.unwrap();

    primary.freeze().unwrap();
    assert_eq!(next_gap(&mut pubsub).await, ("primary".into(), "secondary".into()));
    hears(&mut pubsub, &secondary, "hello").await;
    primary.thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b43_resp3_connections_follow_as_well() {
    let (primary, secondary, _) = pair().await;
    let resp3 = |server: &AnyServer| format!("{}/?protocol=resp3", server.url().trim_end_matches('/'));
    let client = MultiDbClient::new(config(&resp3(&primary), &resp3(&secondary))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe(CHANNEL).await.unwrap();
    hears(&mut pubsub, &primary, "on the primary").await;
    // A PING is answered differently here, and harmlessly.
    sleep(Duration::from_millis(600)).await;
    primary.kill().unwrap();
    assert_eq!(next_gap(&mut pubsub).await, ("primary".into(), "secondary".into()));
    hears(&mut pubsub, &secondary, "on the secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b44_killed_connections_are_made_anew_and_evict_nothing() {
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe(CHANNEL).await.unwrap();
    let mut server = plain(&primary).await;
    for _ in 0..5 {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("pubsub").exec_async(&mut server).await.unwrap();
        assert_eq!(next_gap(&mut pubsub).await, ("primary".into(), "primary".into()));
        hears(&mut pubsub, &primary, "hello").await;
    }
    assert_eq!(tests::switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b43_a_subscription_that_is_refused_is_an_error_and_one_refused_later_is_asked_for_again() {
    let (primary, secondary, config) = pair().await;
    if !matches!(primary, AnyServer::Real(_)) {
        println!("skipped: the embedded server refuses nobody");
        return;
    }
    let allow = async |server: &AnyServer, rules: &[&str]| {
        let mut server = plain(server).await;
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER").arg("default").arg("resetchannels").arg(rules);
        command.exec_async(&mut server).await.unwrap();
    };
    allow(&primary, &["&public", "&secret"]).await;
    allow(&secondary, &["&public"]).await;
    let client = MultiDbClient::new(config.auto_fallback_interval(None)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe(&["public", "secret"]).await.unwrap();
    let error = pubsub.subscribe("forbidden").await.unwrap_err();
    assert!(matches!(&error, Error::Redis(_)), "{error:?}");

    // The rest is heard all the same.
    primary.kill().unwrap();
    assert_eq!(next_gap(&mut pubsub).await, ("primary".into(), "secondary".into()));
    let mut server = plain(&secondary).await;
    let mut publish = async |channel: &str| -> usize {
        redis::cmd("PUBLISH").arg(channel).arg("hello").query_async(&mut server).await.unwrap()
    };
    allow(&secondary, &["allchannels"]).await;
    assert_eq!((publish("public").await, publish("forbidden").await), (1, 0));
    let mut heard = 0;
    let waiting = async {
        while heard == 0 {
            heard = publish("secret").await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
    let message = next(&mut pubsub).await.into_message().unwrap();
    assert_eq!(message.get_channel_name(), "public");
    let message = next(&mut pubsub).await.into_message().unwrap();
    assert_eq!(message.get_channel_name(), "secret");
}
