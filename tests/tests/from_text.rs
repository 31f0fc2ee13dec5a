//! Clients whose configuration is read from a file and the environment, on real servers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{fs, path::Path, time::Duration};

use failover_testkit::{
    server::{AnyServer, RealServer, ServerTls},
    tls::Authority,
};
use redis::AsyncCommands;
use redis_failover::{Error, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, active, becomes_active, clients_of, plain, real_server};
use tokio::time::{sleep, timeout};

async fn connected(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    client
}

/// What the server says of the connections to it.
async fn clients(server: &RealServer, password: &str) -> String {
    let url = format!("redis://:{password}@{}", server.addr());
    let mut admin = plain(&url).await;
    clients_of(&mut admin).await
}

/// The whole of a file reaches the servers: names, weights, health checks, fallback.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b56_a_client_from_a_file_fails_over_and_returns() {
    let (primary, secondary) = (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis.toml");
    let text = format!(
        "health_check_interval = '200ms'
         health_check_delay = '20ms'
         grace_period = '300ms'
         auto_fallback_interval = '300ms'

         [[databases]]
         url = '{}'
         name = 'us-east'
         weight = 0.5

         [[databases]]
         url = '{}'
         name = 'eu-west'",
        secondary.url(),
        primary.url(),
    );
    fs::write(&path, text).unwrap();

    let mut client = connected(MultiDbConfig::from_toml_file(&path).unwrap()).await;
    becomes_active(&client, "eu-west").await;
    primary.kill().unwrap();
    becomes_active(&client, "us-east").await;
    client.set::<_, _, ()>("key", "value").await.unwrap();
    primary.restart().await.unwrap();
    becomes_active(&client, "eu-west").await;
}

/// The way of Kubernetes: URLs and options in variables, the password in a file that is mounted, and then replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_password_that_is_rotated_in_a_file_needs_no_restart() {
    let Some(_) = real_server() else { return };
    let server = RealServer::builder().password("right").start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    fs::write(&path, "right\n").unwrap();

    let variables = |path: &Path| {
        let variables = [
            ("REDIS_FAILOVER_URLS", format!("redis://{}", server.addr())),
            ("REDIS_FAILOVER_PASSWORD_FILE", path.display().to_string()),
            ("REDIS_FAILOVER_CLIENT_NAME", "from-text".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value))
    };
    let mut client =
        connected(MultiDbConfig::from_env_with("REDIS_FAILOVER", variables(&path)).unwrap()).await;
    client.set::<_, _, ()>("key", "before").await.unwrap();
    assert!(clients(&server, "right").await.contains(" name=from-text "));

    // Changed on the server, written anew into the file, and every connection cut.
    let url = format!("redis://:right@{}", server.addr());
    let mut admin = plain(&url).await;
    redis::cmd("CONFIG").arg(&["SET", "requirepass", "rotated"]).exec_async(&mut admin).await.unwrap();
    fs::write(&path, "rotated").unwrap();
    redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
        .exec_async(&mut admin)
        .await
        .unwrap();

    let served = async {
        while client.get::<_, String>("key").await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, served).await.unwrap();
    assert!(clients(&server, "rotated").await.contains(" name=from-text "));

    // A file that is not there is a configuration that cannot be used, and says so.
    let nowhere = directory.path().join("nowhere");
    let config = MultiDbConfig::from_env_with("REDIS_FAILOVER", variables(&nowhere)).unwrap();
    let error = MultiDbClient::new(config).unwrap().connect(PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error:?}");
    assert!(error.to_string().contains("password_file"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_what_a_file_says_of_tls_is_spoken() {
    let Some(_) = real_server() else { return };
    let authority = Authority::new();
    let tls = ServerTls::from(&authority.server(["localhost"])).require_clients_of(authority.pem());
    let server = RealServer::builder().tls(tls).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let identity = authority.client("the client");
    let text = format!(
        "[tls]
         ca_file = '{}'
         client_cert_file = '{}'
         client_key_file = '{}'

         [[databases]]
         url = 'rediss://localhost:{}'
         name = 'secure'",
        file("ca.pem", authority.pem()),
        file("client.pem", identity.certificate_pem()),
        file("client.key", identity.key_pem()),
        server.tls_addr().unwrap().port(),
    );
    let mut client = connected(MultiDbConfig::from_toml(&text).unwrap()).await;
    client.set::<_, _, ()>("key", "value").await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("secure"));
}
