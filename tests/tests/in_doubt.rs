//! Calls that nobody can tell the fate of, and scans that cannot go on.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands;
use redis_failover::{
    CallOptions, DatabaseConfig, Error, MultiDbClient, MultiDbConfig, RetrySafety, Suspicion,
};
use tests::{PATIENCE, plain};
use tokio::time::{sleep, timeout};

/// A primary with a response timeout of its own, a secondary, and a client that no health check moves.
async fn start() -> (EmbeddedRedis, EmbeddedRedis, MultiDbClient) {
    let primary = EmbeddedRedis::start().await.unwrap();
    let secondary = EmbeddedRedis::start().await.unwrap();
    let database = |server: &EmbeddedRedis, name| {
        DatabaseConfig::from_url(&server.url()).unwrap().name(name).health_checks([])
    };
    let config = MultiDbConfig::new([
        database(&primary, "primary").response_timeout(Duration::from_millis(100)),
        database(&secondary, "secondary").weight(0.5),
    ]);
    let config = config.suspicion(Suspicion::off()).response_timeout(Duration::from_secs(3));
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    // From here on there is a connection, so that what is called is sent.
    let _: Option<i64> = client.get("key").await.unwrap();
    (primary, secondary, client)
}

#[tokio::test]
async fn b33_a_counter_that_timed_out_is_not_repeated_and_may_have_been_applied() {
    let (primary, secondary, mut client) = start().await;
    let _: i64 = client.incr("counter", 1).await.unwrap();

    primary.control().freeze();
    let error = client.incr::<_, _, i64>("counter", 1).await.unwrap_err();
    let Some(Error::MayHaveBeenApplied(Some(cause))) = Error::of(&error) else { panic!("{error:?}") };
    assert!(matches!(**cause, Error::TimedOut(_)), "{cause:?}");
    assert!(error.to_string().contains("may have been applied"), "{error}");

    primary.control().thaw();
    let counted = async {
        while client.get::<_, i64>("counter").await.unwrap() != 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.unwrap();
    assert_eq!(primary.control().commands("incrby"), 2, "as often as it was asked for");
    assert_eq!(secondary.control().commands("incrby"), 0);
}

#[tokio::test]
async fn b33_a_call_may_say_that_it_may_be_repeated() {
    let (primary, _secondary, client) = start().await;
    let counters = client.counters().unwrap();
    let mut repeats = client.with(CallOptions::new().safety(RetrySafety::All));
    primary.control().freeze();
    let counting = tokio::spawn(async move { repeats.incr::<_, _, i64>("counter", 1).await });
    let repeated = async {
        while counters.retries() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, repeated).await.unwrap();
    primary.control().thaw();
    let counted = timeout(PATIENCE, counting).await.unwrap().unwrap().unwrap();
    assert!(counted >= 2, "both attempts were applied, as was allowed");
}

#[tokio::test]
async fn b34_a_call_may_bring_a_deadline_of_its_own() {
    let (primary, _secondary, client) = start().await;
    let limit = Duration::from_millis(150);
    let mut hurried = client.with(CallOptions::new().deadline(limit));
    primary.control().freeze();
    // Longer than one attempt, and shorter than the four that a read may have.
    let error = hurried.get::<_, Option<i64>>("key").await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::TimedOut(after)) if *after == limit), "{error:?}");
}

#[tokio::test]
async fn b17_a_blocking_command_is_no_silence() {
    let (primary, _secondary, mut client) = start().await;
    let waiting = tokio::spawn(async move { client.blpop::<_, (String, String)>("list", 0.0).await });
    // Five times as long as any other command may take here.
    sleep(Duration::from_millis(500)).await;
    assert!(!waiting.is_finished());
    let mut operator = plain(&primary.url()).await;
    let _: u64 = operator.lpush("list", "value").await.unwrap();
    let taken = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(taken, ("list".into(), "value".into()));
}

#[tokio::test]
async fn b34_an_attempt_has_the_response_timeout_of_its_database() {
    let (primary, _secondary, mut client) = start().await;
    primary.control().freeze();
    let error = client.incr::<_, _, i64>("counter", 1).await.unwrap_err();
    let Some(Error::MayHaveBeenApplied(Some(cause))) = Error::of(&error) else { panic!("{error:?}") };
    assert!(matches!(**cause, Error::TimedOut(limit) if limit == Duration::from_millis(100)), "{cause:?}");
}

#[tokio::test]
async fn b60_a_scan_that_began_before_a_switch_is_interrupted() {
    let (primary, secondary, mut client) = start().await;
    for server in [&primary, &secondary] {
        let mut operator = plain(&server.url()).await;
        for key in 0..100 {
            let () = operator.set(key, "value").await.unwrap();
        }
    }
    let scan = |cursor: u64| redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(10).take();
    let (cursor, _): (u64, Vec<String>) = scan(0).query_async(&mut client).await.unwrap();
    assert_ne!(cursor, 0);
    let (cursor, _): (u64, Vec<String>) = scan(cursor).query_async(&mut client).await.unwrap();
    assert_ne!(cursor, 0);

    client.handle().unwrap().force_active("secondary", None).await.unwrap();
    let error = scan(cursor).query_async::<(u64, Vec<String>)>(&mut client).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");
    assert_eq!(secondary.control().commands("scan"), 0);
    let (_, keys): (u64, Vec<String>) = scan(0).query_async(&mut client).await.unwrap();
    assert!(!keys.is_empty());
}
