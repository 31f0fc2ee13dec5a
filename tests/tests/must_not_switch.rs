//! Never leave a live database: hiccups of the server, of its connections and of ourselves move nothing.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{sync::Arc, thread, time::Duration};

use failover_testkit::server::{AnyServer, RealServer};
use redis::AsyncCommands;
use redis_failover::MultiDbClient;
use tests::{
    Load, PATIENCE, StoppableClient, becomes_active, config, cut_probes, pair, plain, real_server, switches,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const CALLERS: usize = 8;
/// Long enough for every late verdict to be spoken.
const AFTERWARDS: Duration = Duration::from_secs(2);

async fn the_server_stops_for(hang: Duration) {
    let (primary, _secondary, config) = pair().await;
    let primary = Arc::new(primary);
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let load = Load::start(&client, CALLERS);
    load.goes_on().await;

    let server = Arc::clone(&primary);
    // On a thread of its own, so that a busy runtime does not make the hang longer.
    let hiccup = tokio::task::spawn_blocking(move || {
        server.freeze().unwrap();
        thread::sleep(hang);
        server.thaw().unwrap();
    });
    hiccup.await.unwrap();
    sleep(AFTERWARDS).await;

    load.goes_on().await;
    let tally = load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_server_that_stops_for_200_ms_keeps_its_clients() {
    the_server_stops_for(Duration::from_millis(200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_server_that_stops_for_400_ms_keeps_its_clients() {
    the_server_stops_for(Duration::from_millis(400)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_server_that_stops_for_800_ms_keeps_its_clients() {
    the_server_stops_for(Duration::from_millis(800)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_server_that_kills_its_connections_keeps_its_clients() {
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let load = Load::start(&client, CALLERS);

    let operator = redis::Client::open(primary.url()).unwrap();
    for _ in 0..3 {
        sleep(Duration::from_secs(2)).await;
        let mut connection = operator.get_multiplexed_async_connection().await.unwrap();
        let killed: u64 =
            redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal"]).query_async(&mut connection).await.unwrap();
        assert!(killed >= 1, "there was nothing to kill");
    }
    sleep(AFTERWARDS).await;

    load.goes_on().await;
    let tally = load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
}

/// Everybody else waits behind such a reply, and whoever has no patience for it gives up.
async fn replies_of_100_mb(patience: Option<Duration>) {
    let Some(_) = real_server() else { return };
    let (primary, _secondary, config) = pair().await;
    let config = match patience {
        Some(patience) => config.response_timeout(patience),
        None => config,
    };
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut operator = plain(&primary.url()).await;
    const LENGTH: usize = 100_000_000;
    let _: usize = operator.setrange("large", LENGTH as isize - 1, "!").await.unwrap();

    let load = Load::start(&client, CALLERS);
    let mut came = 0;
    for _ in 0..5 {
        let reply = client.clone().get::<_, Vec<u8>>("large").await;
        came += u32::from(reply.is_ok_and(|value| value.len() == LENGTH));
    }
    sleep(AFTERWARDS).await;
    load.goes_on().await;
    let tally = load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
    if patience.is_some() {
        assert_eq!(came, 5);
        assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_replies_of_100_mb_keep_their_clients() {
    replies_of_100_mb(Some(PATIENCE)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_replies_of_100_mb_that_nobody_waits_for_keep_their_clients() {
    replies_of_100_mb(None).await;
}

#[tokio::test]
async fn b57_a_runtime_that_was_blocked_for_two_seconds_blames_nobody() {
    let (_primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let load = Load::start(&client, CALLERS);
    load.goes_on().await;

    // The only thread of this runtime.
    thread::sleep(Duration::from_secs(2));
    sleep(AFTERWARDS).await;

    load.goes_on().await;
    load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b57_a_process_that_was_stopped_for_five_seconds_blames_nobody() {
    let (primary, secondary, _) = pair().await;
    let urls = (primary.url(), secondary.url());
    let program = env!("CARGO_BIN_EXE_client_under_load");
    let story = tokio::task::spawn_blocking(move || {
        let client = StoppableClient::start(program, &urls.0, &urls.1);
        thread::sleep(Duration::from_millis(300));
        client.stop();
        thread::sleep(Duration::from_secs(5));
        client.resume();
        thread::sleep(AFTERWARDS);
        client.end()
    });
    assert_eq!(story.await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_server_without_room_for_another_connection_keeps_its_clients() {
    let Some(_) = real_server() else { return };
    let primary = RealServer::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let often = Duration::from_millis(50);
    let config = config(&primary.url(), &secondary.url()).health_check_interval(often);
    let client = MultiDbClient::new(config.health_check_delay(often)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client.clone().set::<_, _, ()>("key", "value").await.unwrap();

    // The operator's connection takes the place that the health check had.
    let mut operator = plain(&primary.url()).await;
    let _: () =
        redis::cmd("CONFIG").arg(&["SET", "maxclients", "2"]).query_async(&mut operator).await.unwrap();
    cut_probes(&mut operator).await;
    let refused = async || -> u64 {
        let stats: redis::InfoDict =
            redis::cmd("INFO").arg("stats").query_async(&mut operator.clone()).await.unwrap();
        stats.get("rejected_connections").unwrap()
    };
    timeout(PATIENCE, async {
        // It dials again after 1 s, 2 s, and so on.
        while refused().await < 3 {
            sleep(often).await;
        }
    })
    .await
    .unwrap();

    assert_eq!(switches(&client), Vec::<String>::new());
    let value: String = client.clone().get("key").await.unwrap();
    assert_eq!(value, "value");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_a_connection_that_is_killed_under_two_thousand_calls_keeps_its_clients() {
    // The embedded server holds no calls back.
    let Some(_) = real_server() else { return };
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config.response_timeout(PATIENCE)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut operator = plain(&primary.url()).await;

    // Calls that cannot end: writes are held back.
    let _: () =
        redis::cmd("CLIENT").arg(&["PAUSE", "60000", "WRITE"]).query_async(&mut operator).await.unwrap();
    let calls: JoinSet<_> = (0..2000)
        .map(|call| {
            let mut client = client.clone();
            async move { client.set::<_, _, ()>(call, call).await }
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    let _: u64 =
        redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal"]).query_async(&mut operator).await.unwrap();
    let _: () = redis::cmd("CLIENT").arg("UNPAUSE").query_async(&mut operator).await.unwrap();
    calls.join_all().await;
    sleep(AFTERWARDS).await;

    let lost = client.counters().unwrap().ambiguous();
    assert!(lost >= 1000, "only {lost} calls were lost");
    assert_eq!(switches(&client), Vec::<String>::new());
}
