//! Databases that are managed by Sentinel, on real servers and sentinels.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::server::{RealServer, SentinelSetup, SentinelSetupBuilder};
use futures_util::StreamExt;
use redis::{AsyncCommands, RedisConnectionInfo};
use redis_failover::{
    Backoff, DatabaseConfig, Error, MultiDbClient, MultiDbConfig, PubSubItem, tower_failover::Verdict,
};
use tests::{Load, PATIENCE, active, eventually, real_server, set_at_last, switches};
use tokio::time::timeout;

/// `None` on a machine without servers.
async fn set_up(builder: SentinelSetupBuilder) -> Option<SentinelSetup> {
    real_server()?;
    Some(builder.start().await.unwrap())
}

fn database(setup: &SentinelSetup) -> DatabaseConfig {
    DatabaseConfig::sentinel(setup.service(), setup.sentinel_urls()).unwrap().name("primary").weight(1.0)
}

/// Asks often, so that a story is over soon.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(500))
        .health_check_delay(Duration::from_millis(20))
        .redial_spread(Duration::from_millis(100))
        .redial_backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)))
}

async fn connected(config: MultiDbConfig) -> MultiDbClient {
    tests::connected(brisk(config)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_a_failover_by_sentinel_within_the_region_makes_no_switch() {
    let Some(setup) = set_up(SentinelSetup::builder()).await else { return };
    let other = RealServer::start().await.unwrap();
    let client = connected(MultiDbConfig::new([
        database(&setup).down_after(Duration::from_secs(15)),
        DatabaseConfig::from_url(&other.url()).unwrap().name("secondary").weight(0.5),
    ]))
    .await;
    let load = Load::start(&client, 4);
    load.goes_on().await;

    setup.primary().kill().unwrap();
    setup.until_promoted().await.unwrap();
    set_at_last(&mut client.clone(), "after", 1).await;
    load.goes_on().await;
    load.end().await;

    let said = setup.replica().say("GET after").await.unwrap();
    assert!(said.ends_with("$1\r\n1\r\n"), "it was written to the new primary: {said}");
    assert_eq!(active(&client).as_deref(), Some("primary"));
    assert_eq!(switches(&client), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_commands_subscribers_and_transactions_follow_the_primary() {
    let builder = SentinelSetup::builder().password("of-the-data");
    let Some(setup) = set_up(builder.sentinel_password("of-the-sentinels")).await else { return };
    let settings = RedisConnectionInfo::default().set_password("of-the-data").set_db(2);
    let config = database(&setup).redis_settings(settings).down_after(Duration::from_secs(15));
    let mut client = connected(MultiDbConfig::new([config.client_name("followed")])).await;
    let mut subscriber = client.pubsub().await.unwrap();
    subscriber.subscribe("news").await.unwrap();
    set_at_last(&mut client, "key", 1).await;

    setup.primary().kill().unwrap();
    setup.until_promoted().await.unwrap();
    set_at_last(&mut client, "key", 2).await;
    let said = setup.replica().say("SELECT 2\r\nGET key\r\nCLIENT LIST").await.unwrap();
    assert!(said.contains("$1\r\n2\r\n") && said.contains("name=followed"), "{said}");

    let doubled: Option<(i64,)> = client
        .transaction("key", |mut connection, mut pipeline| async move {
            let value: i64 = connection.get("key").await?;
            pipeline.set("key", value * 2).ignore().get("key");
            Ok(Some(pipeline))
        })
        .await
        .unwrap();
    assert_eq!(doubled, Some((4,)));

    let hearing = async {
        loop {
            if let Some(PubSubItem::Message(message)) = subscriber.next().await {
                return message.get_payload::<String>().unwrap();
            }
        }
    };
    tokio::pin!(hearing);
    let heard = timeout(PATIENCE, async {
        loop {
            let _: i64 = client.publish("news", "hello").await.unwrap();
            if let Ok(heard) = timeout(Duration::from_millis(50), &mut hearing).await {
                return heard;
            }
        }
    });
    assert_eq!(heard.await.unwrap(), "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b60_a_scan_does_not_go_on_at_the_server_that_was_promoted() {
    let Some(setup) = set_up(SentinelSetup::builder()).await else { return };
    let mut client =
        connected(MultiDbConfig::new([database(&setup).down_after(Duration::from_secs(15))])).await;
    for key in 0..100 {
        set_at_last(&mut client, &format!("key:{key}"), key).await;
    }
    let page = |cursor: u64| redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(10).take();
    let (first, _): (u64, Vec<String>) = page(0).query_async(&mut client).await.unwrap();
    let (next, _): (u64, Vec<String>) = page(first).query_async(&mut client).await.unwrap();
    assert!(first != 0 && next != 0);

    setup.primary().kill().unwrap();
    setup.until_promoted().await.unwrap();
    set_at_last(&mut client, "after", 1).await;
    let error = page(next).query_async::<(u64, Vec<String>)>(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_sentinel_that_says_nothing_is_passed_over() {
    let Some(setup) = set_up(SentinelSetup::builder()).await else { return };
    let (dead, silent) = (RealServer::start().await.unwrap(), RealServer::start().await.unwrap());
    dead.kill().unwrap();
    silent.stop().unwrap();
    let sentinels = [dead.url(), silent.url(), setup.sentinel_urls().remove(0)];
    let config = DatabaseConfig::sentinel(setup.service(), sentinels).unwrap().name("primary");
    let mut client = connected(MultiDbConfig::new([config])).await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_server_that_does_not_say_that_it_is_the_primary_is_not_used() {
    let Some(setup) = set_up(SentinelSetup::builder()).await else { return };
    // Nobody to follow: the sentinel will find out, in a while.
    setup.primary().say("REPLICAOF 127.0.0.1 1").await.unwrap();
    let client = MultiDbClient::new(brisk(MultiDbConfig::new([database(&setup)]))).unwrap();
    assert!(matches!(client.connect(Duration::from_millis(500)).await, Err(Error::Start(_))));
    eventually(&client, "the primary is said to be none", |snapshot| {
        let view = &snapshot.members[0].view;
        view.verdict == Verdict::Unhealthy
            && format!("{:?}", view.evidence).contains("does not say so itself")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_sentinel_that_refuses_our_password_is_a_misconfiguration() {
    let Some(setup) = set_up(SentinelSetup::builder().sentinel_password("right")).await else { return };
    for (credentials, service) in [("", setup.service()), (":hunter2@", setup.service())] {
        let url = format!("redis://{credentials}{}", setup.sentinels()[0].addr());
        let config = DatabaseConfig::sentinel(service, [url]).unwrap();
        let client = MultiDbClient::new(MultiDbConfig::new([config])).unwrap();
        let error = client.connect(PATIENCE).await.unwrap_err();
        assert!(matches!(error, Error::Misconfigured { .. }), "{error:?}");
        assert!(error.to_string().contains("sentinel refuses"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_service_that_no_sentinel_knows_is_named() {
    let Some(setup) = set_up(SentinelSetup::builder()).await else { return };
    let config = DatabaseConfig::sentinel("theirmaster", setup.sentinel_urls()).unwrap();
    let client = MultiDbClient::new(brisk(MultiDbConfig::new([config]))).unwrap();
    assert!(client.connect(Duration::from_millis(500)).await.is_err());
    eventually(&client, "the service is named", |snapshot| {
        format!("{:?}", snapshot.members[0].view.evidence).contains("knows no primary named theirmaster")
    })
    .await;
}
