//! Subscribers on real servers where there are any: databases die, hang, and are changed by hand.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis_failover::{Error, MultiDbClient, PubSub, PubSubItem};
use tests::{
    Fault, PATIENCE, SEVEN, becomes_active, config,
    messages::{CHANNEL, Clients, Comparison, Story},
    pair, plain, real_server,
};
use tokio::time::{sleep, timeout};

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
    let mut server = plain(&server.url()).await;
    redis::cmd("PUBLISH").arg(CHANNEL).arg(text).exec_async(&mut server).await.unwrap();
    let message = next(pubsub).await.into_message().expect("a message");
    assert_eq!(message.get_payload_bytes(), text.as_bytes());
}

/// The long form is `cargo run --release -p tests --bin pubsub-switches`.
async fn switches_are_survived(faults: &[Fault], clients: Clients, warm: bool) -> Comparison {
    let outcome = Story::run(faults, clients, warm).await;
    println!("{outcome}");
    assert!(outcome.found.is_sound(), "{outcome}");
    // A slow machine may add a reconnect.
    assert!(outcome.found.gaps >= faults.len(), "a gap for each switch: {outcome}");
    assert!(outcome.found.read > 0);
    outcome.found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b45_through_switches_of_all_kinds_every_gap_is_marked() {
    switches_are_survived(&SEVEN, Clients::Two, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b46_a_warm_subscriber_loses_nothing_that_the_new_database_received() {
    let found = switches_are_survived(&SEVEN, Clients::Two, true).await;
    assert_eq!(found.lost_after, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b46_a_warm_subscriber_moves_with_the_publishers_of_its_client() {
    let found = switches_are_survived(&[Fault::Choice; 6], Clients::One, true).await;
    assert_eq!(found.lost_after, 0);
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
    let mut server = plain(&primary.url()).await;
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
    // The embedded server refuses nobody.
    let Some(_) = real_server() else { return };
    let (primary, secondary, config) = pair().await;
    let allow = async |server: &AnyServer, rules: &[&str]| {
        let mut server = plain(&server.url()).await;
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
    let mut server = plain(&secondary.url()).await;
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
