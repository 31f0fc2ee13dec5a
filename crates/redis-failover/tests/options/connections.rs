use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::{AsyncCommands, IntoConnectionInfo, RedisConnectionInfo, aio::MultiplexedConnection};
use redis_failover::{DatabaseConfig, MultiDbConfig, Standby, connection::Credentials};
use tokio::time::{sleep, timeout};

use crate::fake::connected;

fn database(server: &EmbeddedRedis, name: &str, weight: f64) -> DatabaseConfig {
    DatabaseConfig::from_url(&server.url()).unwrap().name(name).weight(weight).health_checks([])
}

async fn start() -> EmbeddedRedis {
    EmbeddedRedis::start().await.unwrap()
}

#[tokio::test]
async fn b36_a_warm_standby_is_connected_and_a_cold_one_when_a_command_needs_it() {
    let (primary, warm, cold) = (start().await, start().await, start().await);
    let mut client = connected(MultiDbConfig::new([
        database(&primary, "primary", 1.0),
        database(&warm, "warm", 0.5),
        database(&cold, "cold", 0.4).standby(Standby::Cold),
    ]))
    .await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let connected = async {
        while warm.control().connections_accepted() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), connected).await.unwrap();
    assert_eq!(cold.control().connections_accepted(), 0);

    let handle = client.handle().unwrap();
    for drained in ["primary", "warm"] {
        handle.drain(drained, None).await.unwrap();
    }
    client.set::<_, _, ()>("key", 2).await.unwrap();
    assert_eq!(cold.control().connections_accepted(), 1);
}

#[tokio::test]
async fn b55_every_connection_gives_itself_the_clients_name() {
    let server = start().await;
    let checked = DatabaseConfig::from_url(&server.url()).unwrap();
    let client = connected(MultiDbConfig::new([checked]).client_name("checkout")).await;
    are_there(&server, 2, "name=checkout ").await; // for commands and for probes

    let mut subscriber = client.pubsub().await.unwrap();
    subscriber.subscribe("news").await.unwrap();
    let listening = are_there(&server, 3, "name=checkout ").await;
    assert_eq!(listening.iter().filter(|line| line.contains(" sub=1 ")).count(), 1, "{listening:?}");

    let mut blocked = client.clone();
    let pop = tokio::spawn(async move { blocked.blpop::<_, (String, i64)>("queue", 0.0).await });
    are_there(&server, 4, "name=checkout ").await;
    client.clone().rpush::<_, _, ()>("queue", 7).await.unwrap();
    assert_eq!(pop.await.unwrap().unwrap(), ("queue".to_owned(), 7));
}

#[tokio::test]
async fn b55_user_and_password_may_be_said_beside_the_url() {
    let server = EmbeddedRedis::builder().user("app", "right").start().await.unwrap();
    let settings = || RedisConnectionInfo::default().set_username("app").set_password("right");
    // Another user in the URL, who would be let in nowhere.
    let at = |user: &str| DatabaseConfig::from_url(&format!("redis://{user}{}", server.addr())).unwrap();
    let info = format!("redis://{}", server.addr()).into_connection_info().unwrap();
    for database in [
        DatabaseConfig::new(info.set_redis_settings(settings())),
        at("").redis_settings(settings()),
        at("other:wrong@").redis_settings(settings()),
        at("").credentials(|| async { Ok(Credentials::user("app", "right")) }),
        at("other:wrong@").credentials(|| async { Ok(Credentials::user("app", "right")) }),
    ] {
        let mut client = connected(MultiDbConfig::new([database])).await;
        client.set::<_, _, ()>("key", "value").await.unwrap();
        are_there(&server, 2, "user=app ").await; // for commands and for probes
        client.close(Duration::ZERO).await;
        are_there(&server, 0, "user=app ").await;
    }
}

/// Waits until the server has so many connections beside the one that asks, which all say this of themselves.
async fn are_there(server: &EmbeddedRedis, count: usize, what: &str) -> Vec<String> {
    let mut asking = operator(server).await;
    let id: u64 = redis::cmd("CLIENT").arg("ID").query_async(&mut asking).await.unwrap();
    let mut lines: Vec<String> = Vec::new();
    let waiting = async {
        loop {
            let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut asking).await.unwrap();
            let others = list.lines().filter(|line| !line.starts_with(&format!("id={id} ")));
            lines = others.map(str::to_owned).collect();
            if lines.len() == count && lines.iter().all(|line| line.contains(what)) {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "{count} with {what}: {lines:#?}");
    lines
}

/// A connection past the client.
async fn operator(server: &EmbeddedRedis) -> MultiplexedConnection {
    redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}
