//! Calls that nobody can tell the fate of, and scans that cannot go on.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, Error, MultiDbClient, MultiDbConfig, Suspicion};
use tests::PATIENCE;
use tokio::time::timeout;

/// A primary with a response timeout of its own, a secondary, and a client that no health check moves.
async fn start() -> (EmbeddedRedis, EmbeddedRedis, MultiDbClient) {
    let primary = EmbeddedRedis::start().await.unwrap();
    let secondary = EmbeddedRedis::start().await.unwrap();
    let database = |server: &EmbeddedRedis, name| {
        DatabaseConfig::from_url(&server.url()).unwrap().name(name).health_checks(false)
    };
    let config = MultiDbConfig::new([
        database(&primary, "primary").response_timeout(Duration::from_millis(100)),
        database(&secondary, "secondary").weight(0.5),
    ]);
    let config = config.suspicion(Suspicion::off()).response_timeout(Duration::from_secs(3));
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
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
async fn b34_an_attempt_has_the_response_timeout_of_its_database() {
    let (primary, _secondary, mut client) = start().await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let limit_at = async |client: &mut MultiDbClient| {
        let error = client.incr::<_, _, i64>("counter", 1).await.unwrap_err();
        match Error::of(&error) {
            Some(Error::MayHaveBeenApplied(Some(cause))) => match **cause {
                Error::TimedOut(limit) => limit,
                ref cause => panic!("{cause:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    primary.control().freeze();
    assert_eq!(limit_at(&mut client).await, Duration::from_millis(100));
}

#[tokio::test]
async fn b60_a_scan_that_began_before_a_switch_is_interrupted() {
    let (primary, secondary, mut client) = start().await;
    for server in [&primary, &secondary] {
        let operator = redis::Client::open(server.url()).unwrap();
        let mut operator = operator.get_multiplexed_async_connection().await.unwrap();
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
