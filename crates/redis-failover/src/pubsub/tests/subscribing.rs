use redis::Msg;

use super::stage::{Server, Stage, next, next_item, nothing, until};
use crate::pubsub::PubSub;
use crate::{Error, PubSubSettings};

/// No name means all of a kind.
const ALL: [&str; 0] = [];

const PROTOCOLS: [&str; 2] = ["redis://", "redis://?protocol=resp3"];

async fn next_message(pubsub: &mut PubSub) -> Msg {
    next_item(pubsub).await.into_message().expect("a message")
}

async fn resp(server: &Server) -> Vec<String> {
    let listed: String = server.run(&["CLIENT", "LIST"]).await;
    let subscribed = listed.lines().filter(|line| line.contains("sub=1"));
    subscribed.map(|line| line.rsplit_once("resp=").unwrap().1.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn b43_channels_patterns_and_sharded_channels_in_both_protocols() {
    for (url, protocol) in PROTOCOLS.into_iter().zip(["2", "3"]) {
        let stage = Stage::with(url, |config| config).await;
        let mut pubsub = stage.client.pubsub().await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        pubsub.psubscribe(&["wea*", "spo*"]).await.unwrap();
        pubsub.ssubscribe("shard").await.unwrap();
        assert_eq!(resp(&stage.london).await, [protocol]);

        assert_eq!(stage.london.publish("news", "1").await, 1);
        assert_eq!(stage.london.publish("weather", "2").await, 1);
        let _: i64 = stage.london.run(&["SPUBLISH", "shard", "3"]).await;
        let message = next_message(&mut pubsub).await;
        assert_eq!((message.get_channel_name(), message.get_payload_bytes()), ("news", &b"1"[..]));
        let message = next_message(&mut pubsub).await;
        assert_eq!(message.get_pattern::<String>().unwrap(), "wea*");
        assert_eq!((message.get_channel_name(), message.get_payload_bytes()), ("weather", &b"2"[..]));
        let message = next_message(&mut pubsub).await;
        assert_eq!((message.get_channel_name(), message.get_payload_bytes()), ("shard", &b"3"[..]));

        pubsub.unsubscribe("news").await.unwrap();
        assert_eq!(stage.london.publish("news", "4").await, 0);
        pubsub.punsubscribe(&ALL).await.unwrap();
        assert_eq!(stage.london.publish("weather", "5").await, 0);
        assert_eq!(stage.london.publish("sport", "6").await, 0);
        pubsub.sunsubscribe("shard").await.unwrap();
        assert_eq!(stage.london.subscribers().await, 0);
        nothing(&mut pubsub).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b43_subscribers_are_independent() {
    let stage = Stage::new().await;
    let mut first = stage.client.pubsub().await.unwrap();
    let mut second = stage.client.pubsub().await.unwrap();
    first.subscribe(&["a", "b"]).await.unwrap();
    second.subscribe("b").await.unwrap();
    assert_eq!(stage.london.subscribers().await, 2);

    stage.london.publish("a", "1").await;
    stage.london.publish("b", "2").await;
    assert_eq!([next(&mut first).await, next(&mut first).await], ["1", "2"]);
    assert_eq!(next(&mut second).await, "2");
    drop(first);
    until(async || stage.london.subscribers().await == 1).await;
    stage.london.publish("b", "3").await;
    assert_eq!(next(&mut second).await, "3");
}

#[tokio::test(start_paused = true)]
async fn b43_the_halves_can_be_used_apart() {
    use futures_util::StreamExt;

    let stage = Stage::new().await;
    let (mut sink, mut stream) = stage.client.pubsub().await.unwrap().split();
    let mut other = sink.clone();
    let reading = tokio::spawn(async move { (stream.next().await, stream) });
    sink.subscribe("news").await.unwrap();
    drop(sink);
    stage.london.publish("news", "1").await;
    let (item, stream) = reading.await.unwrap();
    assert!(item.is_some());

    drop(stream);
    until(async || stage.london.subscribers().await == 0).await;
    assert!(matches!(other.subscribe("more").await, Err(Error::Closed)));
}

#[tokio::test(start_paused = true)]
async fn b42_subscribers_end_with_the_client() {
    use futures_util::StreamExt;

    for warm in [false, true] {
        let stage = Stage::new().await;
        let settings = PubSubSettings::new().warm(warm);
        let mut pubsub = stage.client.pubsub_with(settings).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        stage.london.publish("news", "1").await;

        stage.client.close(super::stage::LONG).await;
        assert_eq!(next(&mut pubsub).await, "1", "what came before can still be read");
        assert!(pubsub.next().await.is_none());
        assert!(matches!(pubsub.subscribe("more").await, Err(Error::Closed)));
        assert!(matches!(stage.client.pubsub().await, Err(Error::Closed)));
        until(async || stage.london.control.connections_open() == 0).await;
        until(async || stage.paris.control.connections_open() == 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b42_a_subscription_that_waits_ends_with_the_client() {
    let stage = Stage::new().await;
    stage.london.control.kill();
    stage.paris.control.kill();
    until(async || stage.client.snapshot().unwrap().active.is_none()).await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    let waiting = tokio::spawn(async move { pubsub.subscribe("news").await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    stage.client.close(super::stage::LONG).await;
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
}

#[tokio::test(start_paused = true)]
async fn b42_dropped_subscribers_leave_nothing_behind() {
    let stage = Stage::new().await;
    let open = || stage.london.control.connections_open() + stage.paris.control.connections_open();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    until(async || open() == 4).await;
    let before = tasks();
    for number in 0..300 {
        let settings = PubSubSettings::new().warm(number % 2 == 0);
        let mut pubsub = stage.client.pubsub_with(settings).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
    }
    until(async || open() == 4).await;
    until(async || tasks() == before).await;
}

#[tokio::test(start_paused = true)]
async fn b43_a_subscriber_outlives_the_last_clone_of_its_client() {
    let Stage { london, paris, client } = Stage::new().await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    drop(client);
    london.control.kill();
    assert_eq!(next(&mut pubsub).await, "london > paris");
    paris.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
    drop(pubsub);
    until(async || paris.control.connections_open() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn b43_a_subscription_waits_for_a_database() {
    let stage = Stage::new().await;
    stage.london.control.kill();
    stage.paris.control.kill();
    until(async || stage.client.snapshot().unwrap().active.is_none()).await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    {
        let mut subscribing = std::pin::pin!(pubsub.subscribe("news"));
        assert!(tokio::time::timeout(std::time::Duration::from_secs(60), &mut subscribing).await.is_err());
        stage.paris.restart();
        subscribing.await.unwrap();
    }
    stage.paris.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
}

#[tokio::test(start_paused = true)]
async fn b45_a_reader_that_never_reads_is_told_what_it_missed_and_delays_nobody() {
    let stage = Stage::new().await;
    let mut lazy = stage.client.pubsub_with(PubSubSettings::new().buffer(10)).await.unwrap();
    let mut diligent = stage.client.pubsub().await.unwrap();
    lazy.subscribe("news").await.unwrap();
    diligent.subscribe("news").await.unwrap();
    for number in 0..100 {
        let payload = number.to_string();
        assert_eq!(stage.london.publish("news", &payload).await, 2);
        assert_eq!(next(&mut diligent).await, payload);
    }
    // The lazy one's task listens on: it can still be asked for something.
    lazy.subscribe("more").await.unwrap();
    assert_eq!(next(&mut lazy).await, "lagged 90");
    for number in 90..100 {
        assert_eq!(next(&mut lazy).await, number.to_string());
    }
}
