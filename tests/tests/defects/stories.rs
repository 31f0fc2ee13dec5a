//! Stories of defects that no other suite tells.

use failover_testkit::{
    proxy::FaultProxy,
    server::{AnyServer, RealServer},
};
use redis::{AsyncCommands, aio::MultiplexedConnection};
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::{
    Load, PATIENCE, becomes_active, brisk, clients_of, config, connected, pair, plain, quick, real_server,
    until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b47_after_a_pipeline_health_is_still_watched() {
    let (primary, _secondary, config) = pair().await;
    let client = connected(quick(config)).await;
    for atomic in [false, true] {
        let mut pipeline = redis::pipe();
        if atomic {
            pipeline.atomic();
        }
        let (count,): (u64,) = pipeline.incr("count", 1).query_async(&mut client.clone()).await.unwrap();
        assert_eq!(count, 1 + u64::from(atomic));
    }
    primary.freeze().unwrap();
    becomes_active(&client, "secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_no_caller_of_many_sees_an_error_of_a_primary_that_dies() {
    let (primary, _secondary, config) = pair().await;
    let client = connected(quick(config)).await;
    let load = Load::start(&client, 32);
    load.goes_on().await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b41_a_database_that_was_late_is_watched_like_the_others() {
    let (primary, _secondary, config) = pair().await;
    primary.kill().unwrap();
    let client = MultiDbClient::new(brisk(config)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "secondary").await;
    primary.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    primary.freeze().unwrap();
    becomes_active(&client, "secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_a_database_that_hangs_as_it_joins_holds_up_no_switch() {
    let (primary, _secondary, config) = pair().await;
    let third = AnyServer::start().await.unwrap();
    let road = FaultProxy::start(third.addr()).await.unwrap();
    road.control().black_hole();
    let client = connected(quick(config)).await;
    let joining = tokio::spawn({
        let client = client.clone();
        let hangs = DatabaseConfig::from_url(&road.url()).unwrap().name("third").weight(2.0);
        async move { client.add_database(hangs.health_check_probe_timeout(2 * PATIENCE)).await }
    });
    until("it is asked how it is", async || road.control().connections_accepted() > 0).await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    assert!(!joining.is_finished(), "it still waits for the third");
    joining.abort();
}

/// How many connections a server has accepted, and how often it was told a password and a name.
async fn set_up(operator: &mut MultiplexedConnection) -> [u64; 3] {
    let info: String = redis::cmd("INFO").arg("everything").query_async(operator).await.unwrap();
    let figure = |of: &str| {
        let figure = info.lines().find_map(|line| line.strip_prefix(of)).unwrap_or("0");
        figure.split(',').next().unwrap().trim().parse().unwrap()
    };
    ["total_connections_received:", "cmdstat_auth:calls=", "cmdstat_client|setname:calls="].map(figure)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_connection_is_set_up_once() {
    let Some(binary) = real_server() else { return };
    let server = RealServer::builder().binary(binary).password("p@ss").start().await.unwrap();
    let operator = &mut plain(&server.url()).await;
    () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(operator).await.unwrap();
    let database = DatabaseConfig::from_url(&server.url()).unwrap().name("primary").client_name("shop");
    let mut client = connected(quick(MultiDbConfig::new([database]))).await;
    client.set::<_, _, ()>("key", "value").await.unwrap();
    let popped: Option<(String, String)> = client.blpop("list", 0.01).await.unwrap();
    assert_eq!(popped, None);
    until("a probe's, the commands' and that of the pop, each set up once", async || {
        let [received, passwords, names] = set_up(&mut operator.clone()).await;
        assert!(passwords <= received && names <= received, "{passwords} and {names} of {received}");
        received >= 3 && passwords == received && names == received
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_database_on_a_unix_socket_is_checked_there() {
    let Some(binary) = real_server() else { return };
    let primary = RealServer::builder().binary(binary).unix_socket().start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let url = format!("redis+unix://{}", primary.unix_socket().unwrap().display());
    let client = connected(quick(config(&url, &secondary.url()))).await;
    let list = clients_of(&mut client.clone()).await;
    let ways: Vec<_> = list.lines().filter_map(|client| client.split(" addr=").nth(1)).collect();
    assert!(ways.len() >= 2 && ways.iter().all(|way| way.contains(".sock")), "{list}");
    primary.stop().unwrap();
    becomes_active(&client, "secondary").await;
}
