//! One transaction at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redis::{AsyncCommands, RedisError};
use redis_failover::{CallOptions, Error, TransactionSettings};
use tests::{PATIENCE, becomes_active, plain};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::pair;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_transaction_is_repeated_until_nobody_else_changed_what_it_read() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let mut other = plain(&primary.url()).await;
    other.set::<_, _, ()>("key", 1).await.unwrap();

    let runs = Arc::new(AtomicU32::new(0));
    let result: Option<(i64,)> = client
        .transaction("key", |mut connection, mut pipeline| {
            let (mut other, runs) = (other.clone(), Arc::clone(&runs));
            async move {
                let value: i64 = connection.get("key").await?;
                if runs.fetch_add(1, Ordering::SeqCst) < 3 {
                    other.incr::<_, _, ()>("key", 10).await?;
                }
                pipeline.set("key", value * 2).ignore().get("key");
                Ok(Some(pipeline))
            }
        })
        .await
        .unwrap();
    assert_eq!(result, Some((62,)));
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_the_attempts_are_bounded_and_a_conflict_applies_nothing() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let other = plain(&primary.url()).await;
    let result = client
        .transaction_with(TransactionSettings::default().attempts(3), "key", |_, mut pipeline| {
            let mut other = other.clone();
            async move {
                other.incr::<_, _, ()>("key", 1).await?;
                pipeline.set("applied", 1);
                Ok(Some(pipeline))
            }
        })
        .await as Result<Option<()>, Error>;
    assert!(matches!(result, Err(Error::TransactionConflict { attempts: 3 })), "{result:?}");
    assert_eq!(client.clone().get::<_, i64>("key").await.unwrap(), 3);
    assert!(!client.clone().exists::<_, bool>("applied").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_closure_that_stops_or_fails_leaves_no_watch_behind() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let stopped: Option<()> = client.transaction("key", |_, _| async { Ok(None) }).await.unwrap();
    assert_eq!(stopped, None);

    let failed = client
        .transaction("key", |_, _| async { Err(RedisError::from(std::io::Error::other("of its own"))) })
        .await as Result<Option<()>, Error>;
    assert!(failed.unwrap_err().to_string().contains("of its own"));

    // The same connection serves the next one, whose keys are others.
    let mut other = plain(&primary.url()).await;
    other.set::<_, _, ()>("key", 1).await.unwrap();
    let runs = AtomicU32::new(0);
    client
        .transaction("another", |_, mut pipeline| {
            runs.fetch_add(1, Ordering::SeqCst);
            pipeline.set("another", 1);
            async { Ok(Some(pipeline)) }
        })
        .await
        .map(|_: Option<()>| ())
        .unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_panic_goes_to_the_caller_alone() {
    let Some((_primary, _secondary, client)) = pair().await else { return };
    let of_panic = client.clone();
    let panicked = tokio::spawn(async move {
        let result: Result<Option<()>, Error> =
            of_panic.transaction("key", |_, _| async { panic!("of the closure") }).await;
        result
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let result: Option<(i64,)> = client
        .transaction("key", |_, mut pipeline| {
            pipeline.incr("key", 1);
            async { Ok(Some(pipeline)) }
        })
        .await
        .unwrap();
    assert_eq!(result, Some((1,)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_at_a_switch_the_closure_runs_again_on_the_new_database() {
    let Some((primary, secondary, client)) = pair().await else { return };
    plain(&primary.url()).await.set::<_, _, ()>("where", "primary").await.unwrap();
    plain(&secondary.url()).await.set::<_, _, ()>("where", "secondary").await.unwrap();

    let (read, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let transaction = tokio::spawn({
        let (client, read, go_on) = (client.clone(), Arc::clone(&read), Arc::clone(&go_on));
        async move {
            let mut seen = Vec::new();
            let result: Result<Option<()>, Error> = client
                .transaction("where", |mut connection, mut pipeline| {
                    let first = seen.is_empty();
                    let (read, go_on) = (Arc::clone(&read), Arc::clone(&go_on));
                    seen.push(());
                    async move {
                        let place: String = connection.get("where").await?;
                        if first {
                            read.notify_one();
                            go_on.notified().await;
                        }
                        pipeline.set("applied", place).ignore();
                        Ok(Some(pipeline))
                    }
                })
                .await;
            (result, seen.len())
        }
    });
    timeout(PATIENCE, read.notified()).await.unwrap();
    client.handle().unwrap().set_active("secondary", None).await.unwrap();
    becomes_active(&client, "secondary").await;
    go_on.notify_one();

    let (result, runs) = timeout(PATIENCE, transaction).await.unwrap().unwrap();
    assert!(matches!(result, Ok(Some(()))), "{result:?}");
    assert_eq!(runs, 2);
    let applied: Option<String> = plain(&secondary.url()).await.get("applied").await.unwrap();
    assert_eq!(applied.as_deref(), Some("secondary"));
    assert!(!plain(&primary.url()).await.exists::<_, bool>("applied").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_database_that_dies_while_the_closure_runs_is_left_without_a_doubt() {
    let Some((primary, secondary, client)) = pair().await else { return };
    let mut killed = false;
    let result: Option<()> = timeout(
        PATIENCE,
        client.transaction("key", |mut connection, mut pipeline| {
            if !std::mem::replace(&mut killed, true) {
                primary.kill().unwrap();
            }
            async move {
                let _: Option<String> = connection.get("key").await?;
                pipeline.set("key", "applied").ignore();
                Ok(Some(pipeline))
            }
        }),
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(result, Some(()));
    let applied: String = plain(&secondary.url()).await.get("key").await.unwrap();
    assert_eq!(applied, "applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_an_exec_that_is_not_answered_is_told_as_in_doubt_and_not_repeated() {
    let Some((primary, secondary, client)) = pair().await else { return };
    let mut runs = 0;
    let result = timeout(
        PATIENCE,
        client.transaction("key", |mut connection, mut pipeline| {
            runs += 1;
            let primary = &primary;
            async move {
                let _: Option<String> = connection.get("key").await?;
                // From here on it takes what is sent, and answers nothing.
                primary.stop().unwrap();
                pipeline.incr("key", 1).ignore();
                Ok(Some(pipeline))
            }
        }),
    )
    .await
    .unwrap() as Result<Option<()>, Error>;
    assert!(matches!(result, Err(Error::MayHaveBeenApplied(Some(_)))), "{result:?}");
    assert_eq!(runs, 1);

    becomes_active(&client, "secondary").await;
    assert!(!plain(&secondary.url()).await.exists::<_, bool>("key").await.unwrap());
    // And it was applied.
    primary.resume().unwrap();
    assert_eq!(plain(&primary.url()).await.get::<_, i64>("key").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_cancelled_transaction_applies_nothing_and_harms_nobody() {
    let Some((_primary, _secondary, client)) = pair().await else { return };
    let limited = client.with(CallOptions::new().deadline(Duration::from_millis(50)));
    let late = limited
        .transaction("key", |_, mut pipeline| async move {
            pipeline.incr("key", 1);
            std::future::pending::<()>().await;
            Ok(Some(pipeline))
        })
        .await as Result<Option<()>, Error>;
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
    assert!(!client.clone().exists::<_, bool>("key").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_a_closure_that_blocks_until_its_time_is_up_applies_nothing() {
    let Some((_primary, _secondary, client)) = pair().await else { return };
    let limited = client.with(CallOptions::new().deadline(Duration::from_millis(60)));
    let late = limited
        .transaction("key", |_, mut pipeline| async move {
            // No await at which the time could be up.
            std::thread::sleep(Duration::from_millis(80));
            pipeline.incr("key", 1);
            Ok(Some(pipeline))
        })
        .await as Result<Option<()>, Error>;
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
    assert!(!client.clone().exists::<_, bool>("key").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_what_the_closure_keeps_and_what_would_end_the_watch_are_refused() {
    let Some((_primary, _secondary, client)) = pair().await else { return };
    let mut kept = None;
    let refused = client
        .transaction("key", |mut connection, pipeline| {
            kept = Some(connection.clone());
            async move {
                redis::pipe().atomic().incr("key", 1).exec_async(&mut connection).await?;
                Ok(Some(pipeline))
            }
        })
        .await as Result<Option<()>, Error>;
    let Err(Error::ConnectionState { command: "MULTI", instead }) = refused else { panic!("{refused:?}") };
    assert!(instead.contains("return the pipeline"));

    let late = kept.unwrap().get::<_, Option<i64>>("key").await.unwrap_err();
    assert!(matches!(Error::of(&late), Some(Error::TransactionEnded)), "{late:?}");
}
