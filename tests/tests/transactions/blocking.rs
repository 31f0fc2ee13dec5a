//! Blocking commands, which have connections of their own.

use std::time::Duration;

use failover_testkit::proxy::FaultProxy;
use redis::{AsyncCommands, RedisResult};
use redis_failover::tower_failover::failure_detector::Observation;
use redis_failover::{DatabaseConfig, Error, MultiDbClient, MultiDbConfig};
use tests::{
    Load, PATIENCE, active, becomes_active, brisk, clients_of, config, connected, plain, switches, until,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{durable_pair, pair};

/// Waits until so many clients of a server are blocked.
async fn blocked(server: &failover_testkit::server::RealServer, count: usize) {
    let mut connection = plain(&server.url()).await;
    let reached = async {
        loop {
            let info: String = redis::cmd("INFO").arg("clients").query_async(&mut connection).await.unwrap();
            if info.contains(&format!("blocked_clients:{count}\r")) {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap();
}

async fn pop(
    mut client: MultiDbClient,
    key: &'static str,
    seconds: f64,
) -> RedisResult<Option<(String, u32)>> {
    client.blpop(key, seconds).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_blocking_commands_and_other_traffic_do_not_hold_each_other_up() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let forever = tokio::spawn(pop(client.clone(), "queue", 0.0));
    let two_seconds = tokio::spawn(pop(client.clone(), "empty", 2.0));
    blocked(&primary, 2).await;
    let begun = Instant::now();

    let load = Load::start(&client, 4);
    // Longer than the response timeout, and than a silence that raises suspicion.
    assert_eq!(two_seconds.await.unwrap().unwrap(), None, "its own timeout, not an error");
    let tally = load.end().await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(tally.errors.is_empty(), "{:?}", tally.errors);
    assert!(tally.answered > 100, "{}", tally.answered);

    client.clone().rpush::<_, _, ()>("queue", 7).await.unwrap();
    let popped = timeout(PATIENCE, forever).await.unwrap().unwrap().unwrap();
    assert_eq!(popped, Some(("queue".into(), 7)));
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_hundred_blocking_commands_wait_at_once_and_each_gets_one_element() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let mut waiting: JoinSet<_> = (0..100).map(|_| pop(client.clone(), "queue", 0.0)).collect();
    blocked(&primary, 100).await;
    for element in 0..100 {
        client.clone().rpush::<_, _, ()>("queue", element).await.unwrap();
    }
    let mut popped = Vec::new();
    while let Some(element) = timeout(PATIENCE, waiting.join_next()).await.unwrap() {
        popped.push(element.unwrap().unwrap().unwrap().1);
    }
    popped.sort_unstable();
    assert_eq!(popped, (0..100).collect::<Vec<_>>());
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_pop_without_end_ends_clearly_when_its_database_is_left() {
    for manual in [true, false] {
        let Some((primary, _secondary, client)) = pair().await else { return };
        let waiting = tokio::spawn(pop(client.clone(), "queue", 0.0));
        blocked(&primary, 1).await;
        if manual {
            client.handle().unwrap().set_active("secondary", None).await.unwrap();
        } else {
            primary.stop().unwrap();
        }
        becomes_active(&client, "secondary").await;
        let error = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
        let Some(Error::MayHaveBeenApplied(Some(why))) = Error::of(&error) else { panic!("{error:?}") };
        assert!(matches!(**why, Error::DatabaseLeft), "{why:?}");
        if manual {
            blocked(&primary, 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b35_who_waits_for_a_connection_of_his_own_goes_elsewhere_as_soon_as_its_database_is_left() {
    let Some((primary, secondary)) = durable_pair().await else { return };
    let network = FaultProxy::start(primary.addr()).await.unwrap();
    let config = config(&network.url(), &secondary.url()).connect_timeout(6 * PATIENCE);
    let client = connected(config).await;
    becomes_active(&client, "primary").await;
    network.control().swallow_new();
    let before = network.control().connections_accepted();
    let popping = tokio::spawn(pop(client.clone(), "queue", 0.0));
    let counting = client.clone();
    let transaction = tokio::spawn(async move {
        let increment = |_, mut pipeline: redis::Pipeline| async move {
            pipeline.incr("counter", 1);
            Ok(Some(pipeline))
        };
        counting.transaction("counter", increment).await
    });
    until("both dial", async || network.control().connections_accepted() >= before + 2).await;

    client.handle().unwrap().set_active("secondary", None).await.unwrap();
    let counted: Option<(u64,)> = timeout(PATIENCE, transaction).await.unwrap().unwrap().unwrap();
    assert_eq!(counted, Some((1,)));
    client.clone().rpush::<_, _, ()>("queue", 7).await.unwrap();
    let popped = timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap();
    assert_eq!(popped, Some(("queue".into(), 7)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b35_a_pop_whose_server_dies_is_in_doubt_and_a_read_without_end_goes_on_elsewhere() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let popping = tokio::spawn(pop(client.clone(), "queue", 0.0));
    let mut reader = client.clone();
    let reading = tokio::spawn(async move {
        redis::cmd("XREAD")
            .arg("BLOCK")
            .arg(0)
            .arg("STREAMS")
            .arg("stream")
            .arg("0")
            .query_async::<redis::Value>(&mut reader)
            .await
    });
    blocked(&primary, 2).await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;

    let error = timeout(PATIENCE, popping).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(Some(_)))), "{error:?}");
    let add = redis::cmd("XADD").arg("stream").arg("*").arg("field").arg("value").take();
    add.exec_async(&mut client.clone()).await.unwrap();
    let entry = timeout(PATIENCE, reading).await.unwrap().unwrap().unwrap();
    assert_ne!(entry, redis::Value::Nil);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_a_cancelled_pop_takes_no_element() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let waiting = tokio::spawn(pop(client.clone(), "queue", 0.0));
    blocked(&primary, 1).await;
    waiting.abort();
    blocked(&primary, 0).await;
    client.clone().rpush::<_, _, ()>("queue", 7).await.unwrap();
    assert_eq!(client.clone().llen::<_, usize>("queue").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b49_however_long_they_wait_and_whoever_gives_them_up_says_nothing_about_the_database() {
    let Some((primary, secondary)) = durable_pair().await else { return };
    let config = brisk(config(&primary.url(), &secondary.url()))
        .min_num_failures(2)
        .failure_rate_threshold(0.1)
        .add_failure_detector(|| |call: &Observation| call.took > Duration::from_millis(250));
    let client = connected(config).await;
    let mut waiting: JoinSet<_> = (0..10).map(|_| pop(client.clone(), "queue", 0.0)).collect();
    blocked(&primary, 10).await;
    assert_eq!(pop(client.clone(), "empty", 0.5).await.unwrap(), None);
    waiting.shutdown().await;
    blocked(&primary, 0).await;
    client.clone().set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(switches(&client), Vec::<String>::new());
    assert_eq!(active(&client).as_deref(), Some("primary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_blocking_commands_alone_notice_the_end_of_a_database_without_health_checks() {
    let Some((primary, secondary)) = durable_pair().await else { return };
    let config = brisk(config(&primary.url(), &secondary.url()))
        .health_checks([])
        .min_num_failures(3)
        .failure_rate_threshold(0.1)
        .failures_detection_window(PATIENCE);
    let client = connected(config).await;
    let waiting: JoinSet<_> = (0..5).map(|_| pop(client.clone(), "queue", 0.0)).collect();
    blocked(&primary, 5).await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    for result in timeout(PATIENCE, waiting.join_all()).await.unwrap() {
        let error = result.unwrap_err();
        assert!(matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(_))), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_database_that_is_left_keeps_no_idle_dedicated_connection() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let mut direct = plain(&primary.url()).await;
    let before = clients(&mut direct).await;
    assert_eq!(pop(client.clone(), "empty", 0.01).await.unwrap(), None);
    assert_eq!(pop(client.clone(), "empty", 0.01).await.unwrap(), None);
    assert_eq!(clients(&mut direct).await, before + 1, "kept, and used again");

    client.handle().unwrap().set_active("secondary", None).await.unwrap();
    let gone = async {
        while clients(&mut direct).await > before {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

/// How many are connected.
async fn clients(direct: &mut redis::aio::MultiplexedConnection) -> usize {
    clients_of(direct).await.lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_blocking_command_that_gets_no_connection_fails_clearly_and_moves_nobody() {
    let Some((primary, secondary)) = durable_pair().await else { return };
    let database = |server: &failover_testkit::server::RealServer, name, weight| {
        DatabaseConfig::from_url(&server.url()).unwrap().name(name).weight(weight)
    };
    let config =
        MultiDbConfig::new([database(&primary, "primary", 1.0), database(&secondary, "secondary", 0.5)])
            .dedicated_connections(2)
            .connect_timeout(Duration::from_secs(1));
    let client = connected(config).await;
    let mut waiting: JoinSet<_> = (0..2).map(|_| pop(client.clone(), "queue", 0.0)).collect();
    blocked(&primary, 2).await;

    let error = pop(client.clone(), "queue", 0.0).await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::DedicatedConnectionsInUse { maximum: 2 })), "{error:?}");
    assert!(error.to_string().contains("dedicated_connections"), "{error}");
    assert_eq!(switches(&client), Vec::<String>::new());

    // And one that ends makes room.
    client.clone().rpush::<_, _, ()>("queue", 7).await.unwrap();
    timeout(PATIENCE, waiting.join_next()).await.unwrap().unwrap().unwrap().unwrap();
    client.clone().rpush::<_, _, ()>("other", 8).await.unwrap();
    assert_eq!(pop(client.clone(), "other", 0.0).await.unwrap(), Some(("other".into(), 8)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_the_end_of_the_client_closes_every_connection_in_use() {
    let Some((primary, _secondary, client)) = pair().await else { return };
    let waiting = tokio::spawn(pop(client.clone(), "queue", 0.0));
    blocked(&primary, 1).await;
    client.close(Duration::from_millis(10)).await;
    timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap_err();
    blocked(&primary, 0).await;
}
