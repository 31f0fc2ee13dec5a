//! What is measured of a client while its databases are killed, return and are steered: B52, on real servers.

use std::sync::Arc;
use std::time::Duration;

use failover_testkit::recorded::Recorded;
use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::metrics::{Metrics, names};
use redis_failover::{MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active, pair, until};

/// A client that is measured, and comes back soon.
async fn measured() -> (AnyServer, AnyServer, MultiDbConfig, Recorded) {
    let (primary, secondary, config) = pair().await;
    let recorded = Recorded::default();
    let config = config
        .metrics(Metrics::by(Arc::new(recorded.clone())))
        .health_check_interval(Duration::from_millis(200))
        .health_check_delay(Duration::from_millis(10))
        .grace_period(Duration::from_millis(500))
        .auto_fallback_interval(Some(Duration::from_millis(500)));
    (primary, secondary, config, recorded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b52_a_failover_and_the_way_back_are_measured() {
    let (primary, _secondary, config, recorded) = measured().await;
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    client.set::<_, _, ()>("key", "value").await.unwrap();
    let failovers = |from, to, reason, detail| {
        let labels = [
            (names::FAIL_FROM, from),
            (names::FAIL_TO, to),
            (names::REASON, reason),
            (names::REASON_DETAIL, detail),
        ];
        recorded.counter(names::FAILOVERS, &labels)
    };
    let of = |metric, database| recorded.gauge(metric, &[(names::DATABASE, database)]);
    until("the primary serves, over connections", async || {
        of(names::ACTIVE, "primary") == Some(1.0)
            && of(names::CONNECTIONS, "primary") >= Some(2.0)
            && of(names::CONNECTIONS, "secondary") >= Some(2.0)
    })
    .await;

    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    until("the failover is counted", async || {
        failovers("primary", "secondary", "automatic", "Suspicion") == 1
    })
    .await;
    let took = recorded.histogram(names::FAILOVER_DURATION, &[(names::FAIL_FROM, "primary")]);
    assert_eq!(took.len(), 1);
    until("the primary is down", async || {
        [of(names::ACTIVE, "primary"), of(names::AVAILABLE, "primary"), of(names::CONNECTIONS, "primary")]
            == [Some(0.0); 3]
            && of(names::CIRCUIT, "primary") == Some(2.0)
            && of(names::VERDICT, "primary") == Some(3.0)
    })
    .await;
    let not_preferred = || recorded.counter(names::NON_PREFERRED, &[(names::DATABASE, "secondary")]);
    until("the time on the secondary adds up", async || not_preferred() >= 1).await;
    client.set::<_, _, ()>("key", "another").await.unwrap();

    primary.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    until("the fallback is counted", async || {
        failovers("secondary", "primary", "automatic", "Fallback") == 1
    })
    .await;
    assert_eq!(recorded.counter(names::FAILOVERS, &[]), 2);

    let operations = |database| {
        let labels =
            [(names::DATABASE, database), (names::OPERATION_KIND, "command"), (names::SYSTEM, "redis")];
        recorded.histogram(names::OPERATION_DURATION, &labels).len()
    };
    assert_eq!((operations("primary"), operations("secondary")), (1, 1));
    let probes = |database, verdict| {
        let labels = [(names::DATABASE, database), (names::CHECK, "ping"), (names::PROBE_VERDICT, verdict)];
        !recorded.histogram(names::PROBE_DURATION, &labels).is_empty()
    };
    assert!(probes("primary", "healthy") && probes("primary", "unhealthy"));
    assert!(probes("secondary", "healthy") && !probes("secondary", "unhealthy"));

    client.close(Duration::from_secs(1)).await;
    until("nothing serves any more", async || of(names::ACTIVE, "primary") == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b52_choices_and_drills_are_told_from_failures() {
    let (_primary, _secondary, config, recorded) = measured().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let handle = client.handle().unwrap();
    let manual = |detail| {
        recorded.counter(names::FAILOVERS, &[(names::REASON, "manual"), (names::REASON_DETAIL, detail)])
    };
    handle.set_active("secondary", None).await.unwrap();
    until("the choice is counted", async || manual("Manual") == 1).await;
    handle.release_choice().await.unwrap();
    becomes_active(&client, "primary").await;

    handle.trip("primary", Duration::from_millis(100)).await.unwrap();
    until("the drill is counted", async || manual("Drill") == 1).await;
    becomes_active(&client, "primary").await;
    until("the fallbacks are counted", async || {
        recorded.counter(names::FAILOVERS, &[(names::REASON_DETAIL, "Fallback")]) == 2
    })
    .await;
    assert_eq!(recorded.counter(names::FAILOVERS, &[(names::REASON, "automatic")]), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b52_calls_are_measured_by_kind_and_by_what_became_of_them() {
    let (primary, _secondary, config, recorded) = measured().await;
    let mut client = MultiDbClient::new(config).unwrap();
    let operations = |kind, error: Option<&str>| {
        let labels = [(names::OPERATION_KIND, kind), (names::ERROR_TYPE, error.unwrap_or_default())];
        let labels = if error.is_some() { &labels[..] } else { &labels[..1] };
        recorded.histogram(names::OPERATION_DURATION, labels)
    };
    client.set::<_, _, ()>("key", "value").await.unwrap();
    redis::pipe().get("key").get("key").query_async::<Vec<String>>(&mut client).await.unwrap();
    client.blpop::<_, Option<(String, String)>>("list", 0.05).await.unwrap();
    assert_eq!((operations("command", None).len(), operations("pipeline", None).len()), (1, 1));
    let blocked = operations("blocking", None);
    assert!(matches!(blocked[..], [took] if took >= 0.05), "{blocked:?}");

    client.lpush::<_, _, u64>("key", "no list").await.unwrap_err();
    assert_eq!(operations("command", Some("ServerError")).len(), 1);

    // What was sent to a server that stands still may be applied as soon as it goes on.
    primary.freeze().unwrap();
    client.incr::<_, _, i64>("counter", 1).await.unwrap_err();
    assert_eq!(operations("command", Some("MayHaveBeenApplied")).len(), 1);
    let ambiguous = || recorded.counter(names::AMBIGUOUS_FAILURES, &[(names::DATABASE, "primary")]);
    until("it is charged to the primary", async || ambiguous() == 1).await;
    assert_eq!(recorded.counter(names::AMBIGUOUS_FAILURES, &[]), 1);
}

const GUIDE: &str = include_str!("../../crates/redis-failover/docs/observation.md");

#[test]
fn b52_the_guide_names_every_metric_and_every_label() {
    let labels = [
        names::DATABASE,
        names::FAIL_FROM,
        names::FAIL_TO,
        names::REASON,
        names::REASON_DETAIL,
        names::CHECK,
        names::PROBE_VERDICT,
        names::OPERATION_KIND,
        names::ERROR_TYPE,
        names::SYSTEM,
    ];
    for name in names::ALL.iter().map(|metric| metric.name).chain(labels) {
        assert!(GUIDE.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn b51_the_guide_names_every_event() {
    let source = include_str!("../../crates/tower-failover/src/event/mod.rs");
    let (_, variants) = source.split_once("pub enum Event {").unwrap();
    let names = variants.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(char::is_uppercase));
    let names: Vec<_> = names.map(|line| line.split([' ', ',', '(']).next().unwrap()).collect();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        assert!(GUIDE.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b52_a_call_that_hung_and_was_ended_is_counted_for_the_database_that_hung() {
    let (primary, _secondary, config, recorded) = measured().await;
    // Nothing but the switch ends it.
    let mut client = MultiDbClient::new(config.response_timeout(PATIENCE)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client.set::<_, _, ()>("key", "value").await.unwrap();

    primary.freeze().unwrap();
    assert_eq!(client.get::<_, Option<String>>("key").await.unwrap(), None, "the secondary knows of no key");
    becomes_active(&client, "secondary").await;
    let ended = |database| recorded.counter(names::ENDED_CALLS, &[(names::DATABASE, database)]);
    until("it is charged to the primary", async || ended("primary") == 1).await;
    assert_eq!(ended("secondary"), 0);
}
