//! Databases that leave: B40.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::{FutureExt, StreamExt};
use redis::{AsyncCommands, RedisError};
use redis_failover::{Error, Event, MultiDbClient, PubSubItem, PubSubSettings};
use tests::{Load, PATIENCE, active, clients_of, eventually, plain, until};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};
use tower_failover::balance::ManageError;

use super::{at, by_one_probe, connections, database, names, started};

/// A pop from a list into which nobody has put anything.
fn pop(
    client: &MultiDbClient,
    limit: f64,
) -> tokio::task::JoinHandle<Result<Option<(String, String)>, RedisError>> {
    let mut client = client.clone();
    tokio::spawn(async move { client.blpop("list", limit).await })
}

async fn is_popping(server: &AnyServer) -> bool {
    let mut connection = plain(&server.url()).await;
    clients_of(&mut connection).await.contains("cmd=blpop")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_the_active_database_is_left_before_it_is_removed_and_nobody_notices() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us])).await;
    let load = Load::start(&client, 8);
    load.goes_on().await;
    client.remove_database("eu").await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    assert_eq!(names(&client), ["us"]);
    until("no connection is left there", async || connections(&eu_server).await == 0).await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{tally:?}");
}

#[tokio::test]
async fn b40_the_last_database_and_an_unknown_one_are_not_removed() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = MultiDbClient::new(by_one_probe([eu, us])).unwrap();
    client.remove_database("eu").await.unwrap();
    let last = client.remove_database("us").await.unwrap_err();
    assert!(matches!(&last, Error::Manage(ManageError::LastMember(name)) if &**name == "us"), "{last:?}");
    let unknown = client.remove_database("eu").await.unwrap_err();
    assert!(matches!(&unknown, Error::Manage(ManageError::UnknownMember(name)) if &**name == "eu"));
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let redis_error = RedisError::from(last);
    assert!(matches!(Error::of(&redis_error), Some(Error::Manage(_))), "{redis_error:?}");
}

#[tokio::test]
async fn b40_calls_in_flight_finish_before_their_database_is_gone() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us])).await;
    let popping = pop(&client, 60.0);
    until("a call in flight", async || is_popping(&eu_server).await).await;
    let removing = tokio::spawn({
        let client = client.clone();
        async move { client.remove_database("eu").await }
    });
    until("another database serves", async || active(&client).as_deref() == Some("us")).await;
    assert!(!removing.is_finished());
    let _: u64 = plain(&eu_server.url()).await.lpush("list", "value").await.unwrap();
    let popped = timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap();
    assert_eq!(popped, Some(("list".into(), "value".into())));
    timeout(PATIENCE, removing).await.unwrap().unwrap().unwrap();
    until("no connection is left there", async || connections(&eu_server).await == 0).await;
}

#[tokio::test]
async fn b40_nothing_is_told_of_a_database_that_has_left() {
    let ((_eu, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us]).grace_period(Duration::from_millis(1))).await;
    us_server.kill().unwrap();
    eventually(&client, "its circuit is open", |snapshot| {
        !snapshot.member("us").is_some_and(|member| member.view.is_available())
    })
    .await;
    let mut events = client.events();
    client.remove_database("us").await.unwrap();
    // What it leaves behind has ended, and its checks would have been due twice.
    sleep(Duration::from_millis(400)).await;
    client.update_database_weight("eu", 2.0).await.unwrap();
    let told: Vec<_> = std::iter::from_fn(|| events.next().now_or_never().flatten()).collect();
    let removed = Event::MemberRemoved { member: "us".into() };
    let after = told.iter().skip_while(|event| **event != removed).skip(1);
    let of_us: Vec<_> = after.filter(|event| format!("{event:?}").contains("\"us\"")).collect();
    assert!(told.contains(&removed) && of_us.is_empty(), "{told:?}");
}

#[tokio::test]
async fn b40_calls_that_do_not_finish_are_ended_and_say_so() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us])).await;
    let popping = pop(&client, 60.0);
    until("a call in flight", async || is_popping(&eu_server).await).await;
    let begun = Instant::now();
    client.remove_database("eu").await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "its own timeout is not waited for");
    let error = timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(_))), "{error:?}");
    until("no connection is left there", async || connections(&eu_server).await == 0).await;
}

#[tokio::test]
async fn b40_a_removal_goes_on_when_nobody_waits_for_it() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us])).await;
    let popping = pop(&client, 1.0);
    until("a call in flight", async || is_popping(&eu_server).await).await;
    let given_up = timeout(Duration::from_millis(50), client.remove_database("eu")).await;
    assert!(given_up.is_err());
    assert_eq!(timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap(), None);
    until("no connection is left there", async || connections(&eu_server).await == 0).await;
    assert_eq!(names(&client), ["us"]);
}

#[tokio::test]
async fn b42_close_ends_a_removal_that_is_under_way() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let tasks = Handle::current().metrics().num_alive_tasks();
    let client = started(by_one_probe([eu, us])).await;
    let popping = pop(&client, 60.0);
    until("a call in flight", async || is_popping(&eu_server).await).await;
    let given_up = timeout(Duration::from_millis(50), client.remove_database("eu")).await;
    assert!(given_up.is_err());
    client.close(Duration::ZERO).await;
    timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap_err();
    drop(client);
    until("no task", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
    until("no connection", async || connections(&eu_server).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_subscribers_move_from_a_removed_database_and_to_an_added_one() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu.clone(), us])).await;
    for settings in [PubSubSettings::default(), PubSubSettings::default().warm(true)] {
        let mut pubsub = client.pubsub_with(settings).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        client.remove_database("eu").await.unwrap();
        let gap = timeout(PATIENCE, pubsub.next()).await.unwrap().unwrap();
        assert!(matches!(&gap, PubSubItem::Gap { from, to } if (&**from, &**to) == ("eu", "us")), "{gap:?}");
        until("no connection is left there", async || connections(&eu_server).await == 0).await;

        client.add_database(eu.clone()).await.unwrap();
        let gap = timeout(PATIENCE, pubsub.next()).await.unwrap().unwrap();
        assert!(matches!(&gap, PubSubItem::Gap { from, to } if (&**from, &**to) == ("us", "eu")), "{gap:?}");
        until("it listens there", async || {
            let heard: u64 = plain(&eu_server.url()).await.publish("news", "of eu").await.unwrap();
            heard > 0
        })
        .await;
        let news = timeout(PATIENCE, pubsub.next()).await.unwrap().unwrap();
        assert!(matches!(&news, PubSubItem::Message(_)), "{news:?}");
    }
    drop(client);
    until("nobody listens", async || connections(&us_server).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_transactions_run_where_databases_come_and_go() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([us])).await;
    let count = async || {
        client
            .transaction("counter", |mut connection, mut pipeline| async move {
                let value: Option<i64> = connection.get("counter").await?;
                pipeline.set("counter", value.unwrap_or(0) + 1).ignore();
                Ok(Some(pipeline))
            })
            .await
            .unwrap()
            .unwrap_or(());
    };
    count().await;
    client.add_database(eu).await.unwrap();
    count().await;
    count().await;
    client.remove_database("eu").await.unwrap();
    count().await;
    for (server, counted) in [(&eu_server, 2), (&us_server, 2)] {
        let value: i64 = plain(&server.url()).await.get("counter").await.unwrap();
        assert_eq!(value, counted);
    }
}

#[tokio::test]
async fn b60_a_cursor_of_a_removed_database_is_good_for_no_other_that_takes_its_name() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = started(by_one_probe([eu, us])).await;
    for number in 0..200 {
        client.set::<_, _, ()>(format!("key:{number}"), number).await.unwrap();
    }
    let mut scan = redis::cmd("SCAN");
    let (cursor, _): (u64, Vec<String>) =
        scan.arg(0).arg("COUNT").arg(10).query_async(&mut client).await.unwrap();
    let goes_on = redis::cmd("SCAN").arg(cursor).take();

    let elsewhere = AnyServer::start().await.unwrap();
    client.remove_database("eu").await.unwrap();
    client.add_database(at(&elsewhere, "eu", 1.0)).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("eu"));
    let error = goes_on.query_async::<redis::Value>(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");

    client.remove_database("eu").await.unwrap();
    client.add_database(at(&eu_server, "eu", 1.0)).await.unwrap();
    let (_, keys): (u64, Vec<String>) = goes_on.query_async(&mut client).await.unwrap();
    assert!(!keys.is_empty(), "it is where it was");
}
