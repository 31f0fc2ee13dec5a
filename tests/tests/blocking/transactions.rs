//! Transactions whose closures block.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use redis::{Commands, ConnectionLike, RedisError};
use redis_failover::{CallOptions, Error, TransactionSettings};

use super::{Stage, becomes_active, directly, in_time};

#[test]
fn b48_a_blocking_transaction_is_repeated_until_nobody_else_changed_what_it_read() {
    let stage = Stage::begin();
    let client = stage.client();
    let mut other = directly(&stage.primary);
    other.set::<_, _, ()>("key", 1).unwrap();

    let mut runs = 0;
    let result: Option<(i64,)> = client
        .transaction("key", |connection, mut pipeline| {
            let value: i64 = connection.get("key")?;
            runs += 1;
            if runs <= 3 {
                other.incr::<_, _, ()>("key", 10)?;
            }
            pipeline.set("key", value * 2).ignore().get("key");
            Ok(Some(pipeline))
        })
        .unwrap();
    assert_eq!((result, runs), (Some((62,)), 4));

    let conflict =
        client.transaction_with(TransactionSettings::default().attempts(3), "key", |_, mut pipeline| {
            other.incr::<_, _, ()>("key", 1)?;
            pipeline.set("applied", 1);
            Ok(Some(pipeline))
        }) as Result<Option<()>, Error>;
    assert!(matches!(conflict, Err(Error::TransactionConflict { attempts: 3 })), "{conflict:?}");
    assert!(!client.clone().exists::<_, bool>("applied").unwrap());
}

#[test]
fn b48_the_closures_connection_is_a_redis_rs_connection_to_one_database() {
    let stage = Stage::begin();
    let mut client = stage.client();
    client.hset_multiple::<_, _, _, ()>("hash", &[("a", 1), ("b", 2)]).unwrap();
    let sum: Option<(i64,)> = client
        .transaction("hash", |connection, mut pipeline| {
            assert!(connection.is_open() && connection.check_connection());
            let fields: Vec<(String, i64)> = connection.hscan("hash")?.collect::<Result<_, _>>()?;
            let (a, b): (i64, i64) = redis::pipe().hget("hash", "a").hget("hash", "b").query(connection)?;
            assert_eq!(fields.iter().map(|(_, value)| value).sum::<i64>(), a + b);
            // What would end the watch is refused, in bytes too.
            let refused = redis::pipe().atomic().get("hash").exec(connection).unwrap_err();
            assert!(matches!(Error::of(&refused), Some(Error::ConnectionState { command: "MULTI", .. })));
            let refused = redis::cmd("UNWATCH").exec(connection).unwrap_err();
            assert!(matches!(Error::of(&refused), Some(Error::ConnectionState { .. })));
            // Others may be called from within.
            client.clone().set::<_, _, ()>("other", 1)?;
            pipeline.hset("hash", "sum", a + b).ignore().hget("hash", "sum");
            Ok(Some(pipeline))
        })
        .unwrap();
    assert_eq!(sum, Some((3,)));
}

#[test]
fn b48_a_closure_that_stops_fails_or_panics_leaves_no_watch_behind() {
    let stage = Stage::begin();
    let mut client = stage.client();
    let stopped: Option<()> = client.transaction("key", |_, _| Ok(None)).unwrap();
    assert_eq!(stopped, None);
    let failed = client.transaction("key", |_, _| Err(RedisError::from(std::io::Error::other("of its own"))))
        as Result<Option<()>, Error>;
    assert!(failed.unwrap_err().to_string().contains("of its own"));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        client.transaction("key", |connection, _| {
            connection.get::<_, Option<i64>>("key")?;
            panic!("of the closure")
        }) as Result<Option<()>, Error>
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref::<&str>(), Some(&"of the closure"));

    // Everything goes on, and nothing is watched.
    client.set::<_, _, ()>("key", 1).unwrap();
    let mut runs = 0;
    let result: Option<(i64,)> = client
        .transaction("another", |_, mut pipeline| {
            runs += 1;
            pipeline.incr("another", 1);
            Ok(Some(pipeline))
        })
        .unwrap();
    assert_eq!((result, runs), (Some((1,)), 1));
    in_time(move || client.close(Duration::from_secs(10)));
}

/// The closure blocks while its database is left or lost.
fn runs_again_after(leave: impl Fn(&Stage, &redis_failover::blocking::MultiDbClient)) {
    let stage = Stage::begin();
    let client = stage.client();
    directly(&stage.primary).set::<_, _, ()>("where", "primary").unwrap();
    directly(&stage.secondary).set::<_, _, ()>("where", "secondary").unwrap();
    let mut seen: Vec<String> = Vec::new();
    let result: Option<()> = client
        .transaction("where", |connection, mut pipeline| {
            let place: String = connection.get("where")?;
            seen.push(place.clone());
            if seen.len() == 1 {
                leave(&stage, &client);
                becomes_active(&client, "secondary");
            }
            pipeline.set("applied", place).ignore();
            Ok(Some(pipeline))
        })
        .unwrap();
    assert_eq!((result, seen), (Some(()), vec!["primary".to_owned(), "secondary".to_owned()]));
    assert_eq!(directly(&stage.secondary).get::<_, String>("applied").unwrap(), "secondary");
}

#[test]
fn b48_a_closure_whose_database_is_left_runs_again_on_the_new_one() {
    runs_again_after(|_, client| client.handle().unwrap().set_active("secondary", None).unwrap());
}

#[test]
fn b48_a_closure_whose_database_dies_runs_again_on_the_new_one() {
    runs_again_after(|stage, _| stage.primary.kill().unwrap());
}

#[test]
fn b48_a_deadline_that_is_up_while_the_closure_blocks_sends_nothing() {
    let stage = Stage::begin();
    let client = stage.client();
    let hasty = client.with(CallOptions::new().deadline(Duration::from_millis(60)));
    let late = hasty.transaction("key", |_, mut pipeline| {
        thread::sleep(Duration::from_millis(80));
        pipeline.incr("key", 1);
        Ok(Some(pipeline))
    }) as Result<Option<()>, Error>;
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
    assert!(!client.clone().exists::<_, bool>("key").unwrap());

    // It ends the waits of the closure's connection, too.
    let patient = stage.client_with(|config| config.response_timeout(Duration::from_secs(600)));
    let hasty = patient.with(CallOptions::new().deadline(Duration::from_millis(60)));
    let late = in_time(move || {
        hasty.transaction("key", |connection, _| {
            stage.primary.freeze().unwrap();
            let unanswered = connection.get::<_, Option<i64>>("key");
            stage.primary.thaw().unwrap();
            unanswered.map(|_| None)
        }) as Result<Option<()>, Error>
    });
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
}
