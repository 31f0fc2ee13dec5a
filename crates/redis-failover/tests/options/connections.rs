use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, MultiDbConfig, Standby};
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
    let config = MultiDbConfig::new([database(&server, "primary", 1.0)]).client_name("checkout");
    let mut client = connected(config).await;
    let name: Option<String> = redis::cmd("CLIENT").arg("GETNAME").query_async(&mut client).await.unwrap();
    assert_eq!(name.as_deref(), Some("checkout"));
}
