//! A client from its first command to its end, on servers that count what reaches them.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::embedded::{Data, EmbeddedRedis};
use futures_util::{FutureExt, StreamExt, future::join_all};
use redis::{AsyncCommands, RedisError};
use redis_failover::{DatabaseConfig, Error, Event, InitialHealthCheckPolicy, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, config, plain, until};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

/// Two servers, and a client's configuration with quick rounds of health checks.
async fn embedded_pair() -> (EmbeddedRedis, EmbeddedRedis, MultiDbConfig) {
    let primary = EmbeddedRedis::start().await.unwrap();
    let secondary = EmbeddedRedis::start().await.unwrap();
    let config = config(&primary.url(), &secondary.url()).health_check_delay(Duration::from_millis(5));
    (primary, secondary, config)
}

fn connections(servers: [&EmbeddedRedis; 2]) -> usize {
    servers.iter().map(|server| server.control().connections_open()).sum()
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn is_closed(error: &RedisError) -> bool {
    matches!(Error::of(error), Some(Error::Closed))
}

/// Takes from a list that nobody has put anything into.
fn takes_from_a_list(
    client: &MultiDbClient,
) -> tokio::task::JoinHandle<Result<(String, String), RedisError>> {
    let mut client = client.clone();
    tokio::spawn(async move { client.blpop("list", 0.0).await })
}

#[test]
fn b4_new_does_no_io() {
    // Without a runtime there is no task and no dial.
    let client = MultiDbClient::new(config("redis://127.0.0.1:1", "redis://127.0.0.1:2")).unwrap();
    assert!(client.snapshot().is_none());
}

#[tokio::test]
async fn b4_many_first_commands_initialise_once() {
    let (primary, secondary, config) = embedded_pair().await;
    let client = MultiDbClient::new(config).unwrap();
    let calls = (0..100).map(|key| {
        let mut client = client.clone();
        async move { client.set::<_, _, ()>(key, "value").await }
    });
    let (results, connected) = tokio::join!(join_all(calls), client.connect(PATIENCE));
    connected.unwrap();
    for result in results {
        result.unwrap();
    }
    until("a warm standby", async || secondary.control().connections_open() == 2).await;
    // One for all commands, and one for the health checks.
    assert_eq!(primary.control().connections_accepted(), 2);
    assert_eq!(secondary.control().connections_accepted(), 2);
    assert_eq!(primary.control().commands("set"), 100);
}

#[tokio::test]
async fn b41_a_subscription_made_before_the_start_sees_it() {
    let (_primary, _secondary, config) = embedded_pair().await;
    let client = MultiDbClient::new(config).unwrap();
    let mut events = client.events();
    client.connect(PATIENCE).await.unwrap();
    let first_choice = async {
        loop {
            if let Some(Event::ActiveChanged { from: None, to, .. }) = events.next().await {
                return to;
            }
        }
    };
    assert_eq!(&*timeout(PATIENCE, first_choice).await.unwrap(), "primary");
}

#[tokio::test]
async fn b36_a_switch_dials_nothing() {
    let (primary, secondary, config) = embedded_pair().await;
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    until("warm connections", async || connections([&primary, &secondary]) == 4).await;
    client.handle().unwrap().force_active("secondary", None).await.unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(secondary.control().commands("set"), 1);
    assert_eq!(secondary.control().connections_accepted(), 2);
}

#[tokio::test]
async fn b29_commands_wait_for_a_database_if_they_are_told_to() {
    let (primary, secondary, config) = embedded_pair().await;
    let config = config.wait_for_database(Some(PATIENCE));
    let mut client = MultiDbClient::new(config).unwrap();
    let mut events = client.events();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    primary.control().kill();
    secondary.control().kill();
    timeout(PATIENCE, async { while events.next().await != Some(Event::OutageBegan) {} }).await.unwrap();

    let waiting = tokio::spawn(async move { client.set::<_, _, ()>("key", 2).await });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    secondary.control().restart(Data::Kept).unwrap();
    timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(secondary.control().commands("set"), 1);
}

/// Whether a client of three databases connects in time while so many of them are dead.
async fn connects(policy: InitialHealthCheckPolicy, dead: usize, limit: Duration) -> bool {
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(EmbeddedRedis::start().await.unwrap());
    }
    for server in &servers[..dead] {
        server.control().kill();
    }
    let databases = servers.iter().map(|server| DatabaseConfig::from_url(&server.url()).unwrap());
    let config = MultiDbConfig::new(databases)
        .health_check_delay(Duration::from_millis(5))
        .initial_health_check_policy(policy);
    MultiDbClient::new(config).unwrap().connect(limit).await.is_ok()
}

#[tokio::test]
async fn b41_connect_waits_for_as_many_databases_as_its_policy_says() {
    use InitialHealthCheckPolicy::{AllAvailable, MajorityAvailable, OneAvailable};
    for (policy, dead) in [(OneAvailable, 0), (OneAvailable, 2), (MajorityAvailable, 1), (AllAvailable, 0)] {
        assert!(connects(policy, dead, PATIENCE).await, "{policy:?} with {dead} dead");
    }
    for (policy, dead) in [(OneAvailable, 3), (MajorityAvailable, 2), (AllAvailable, 1)] {
        assert!(!connects(policy, dead, Duration::from_millis(500)).await, "{policy:?} with {dead} dead");
    }
}

#[tokio::test]
async fn b41_a_policy_that_is_not_met_in_time_is_an_error_and_the_client_lives_on() {
    let (primary, _secondary, config) = embedded_pair().await;
    primary.control().kill();
    let config = config.initial_health_check_policy(InitialHealthCheckPolicy::AllAvailable);
    let mut client = MultiDbClient::new(config).unwrap();
    let error = client.connect(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, Error::Start(_)), "{error:?}");
    until("a command that works", async || client.clone().set::<_, _, ()>("key", 1).await.is_ok()).await;
    let value: i64 = client.get("key").await.unwrap();
    assert_eq!(value, 1);
}

#[tokio::test]
async fn b42_close_admits_nothing_and_lets_calls_in_flight_finish() {
    let (primary, secondary, config) = embedded_pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let waiting = takes_from_a_list(&client);
    until("a call in flight", async || primary.control().commands("blpop") == 1).await;

    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close(PATIENCE).await }
    });
    // The one thread of this runtime gets to it first.
    tokio::task::yield_now().await;
    let error = client.clone().get::<_, Option<i64>>("key").await.unwrap_err();
    assert!(is_closed(&error), "no more calls: {error}");
    assert!(!closing.is_finished(), "it waits for the call in flight");

    let mut operator = plain(&primary.url()).await;
    let _: u64 = operator.lpush("list", "value").await.unwrap();
    let taken = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(taken, ("list".into(), "value".into()));
    timeout(PATIENCE, closing).await.unwrap().unwrap();
    drop(operator);
    // A clone is left, and holds nothing open.
    until("no connection", async || connections([&primary, &secondary]) == 0).await;
    drop(client);
}

#[tokio::test]
async fn b42_close_ends_what_does_not_finish_in_time() {
    let (primary, secondary, config) = embedded_pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let waiting = takes_from_a_list(&client);
    until("a call in flight", async || primary.control().commands("blpop") == 1).await;
    timeout(PATIENCE, client.close(Duration::from_millis(20))).await.unwrap();
    timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
    until("no connection", async || connections([&primary, &secondary]) == 0).await;
}

#[tokio::test]
async fn b42_a_clone_that_is_kept_keeps_no_task_after_close() {
    let (primary, secondary, config) = embedded_pair().await;
    let before = tasks();
    let mut client = MultiDbClient::new(config).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    client.close(PATIENCE).await;
    until("no connection", async || connections([&primary, &secondary]) == 0).await;
    until("no task", async || tasks() == before).await;
    let error = client.get::<_, i64>("key").await.unwrap_err();
    assert!(is_closed(&error), "{error}");
}

#[tokio::test]
async fn b42_after_close_nothing_is_started_any_more() {
    let (primary, secondary, config) = embedded_pair().await;
    let before = tasks();
    let never_started = MultiDbClient::new(config.clone()).unwrap();
    never_started.close(Duration::ZERO).await;
    let error = never_started.connect(PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Closed), "{error:?}");
    assert_eq!((tasks(), connections([&primary, &secondary])), (before, 0));

    let started = MultiDbClient::new(config).unwrap();
    started.connect(PATIENCE).await.unwrap();
    started.close(Duration::ZERO).await;
    let error = started.connect(PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Closed), "{error:?}");
}

#[test]
fn b4_outside_a_runtime_a_client_cannot_be_started_and_says_so() {
    let mut client = MultiDbClient::new(config("redis://127.0.0.1:1", "redis://127.0.0.1:2")).unwrap();
    let error = client.get::<_, Option<i64>>("key").now_or_never().unwrap().unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::NoRuntime)), "{error:?}");
    let error = client.connect(PATIENCE).now_or_never().unwrap().unwrap_err();
    assert!(matches!(error, Error::NoRuntime), "{error:?}");
}

#[tokio::test]
async fn b42_when_the_runtime_that_a_client_was_started_on_has_ended_calls_fail_and_hang_nowhere() {
    let (primary, _secondary, config) = embedded_pair().await;
    let client = MultiDbClient::new(config).unwrap();
    let another = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let starting = client.clone();
    another.spawn(async move { starting.connect(PATIENCE).await }).await.unwrap().unwrap();
    client.clone().set::<_, _, ()>("key", 1).await.unwrap();
    let waiting = takes_from_a_list(&client);
    until("a call in flight", async || primary.control().commands("blpop") == 1).await;

    another.shutdown_background();
    timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
    let error = timeout(PATIENCE, client.clone().get::<_, i64>("key")).await.unwrap().unwrap_err();
    assert!(is_closed(&error) && error.to_string().contains("runtime"), "{error:?}");
}

#[tokio::test]
async fn b42_dropping_the_last_clone_ends_every_task_and_connection() {
    let (primary, secondary, config) = embedded_pair().await;
    let before = tasks();
    for _ in 0..20 {
        let mut client = MultiDbClient::new(config.clone()).unwrap();
        let (idle, mut stream) = (client.clone(), client.events());
        client.set::<_, _, ()>("key", 1).await.unwrap();
        assert!(tasks() > before && connections([&primary, &secondary]) > 0);
        drop(client);
        assert!(idle.snapshot().is_some());
        drop(idle);
        // Whoever listens keeps nothing alive either.
        let _ = stream.next().now_or_never();
    }
    until("no connection", async || connections([&primary, &secondary]) == 0).await;
    until("no task", async || tasks() == before).await;
}
