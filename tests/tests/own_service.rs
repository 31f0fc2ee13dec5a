//! A service of one's own as a database: left and taken back as any other, beside a database that is dialled.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use failover_testkit::server::AnyServer;
use futures_util::future::BoxFuture;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisResult, Value, aio::MultiplexedConnection};
use redis_failover::{
    Command, DatabaseConfig, Error, MultiDbClient, MultiDbConfig, command::send, connection::ConnectionError,
};
use tests::{Load, PATIENCE, active, becomes_active};
use tokio::sync::Mutex;
use tower_service::Service;

/// Fails over and back soon.
fn beside(primary: DatabaseConfig, secondary: &AnyServer) -> MultiDbConfig {
    let secondary = DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5);
    MultiDbConfig::new([primary, secondary])
        .auto_fallback_interval(Some(Duration::from_secs(1)))
        .grace_period(Duration::from_millis(200))
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20))
}

/// What one would write around a client of one's own: it keeps a connection, and dials when it has none.
#[derive(Clone)]
struct Redialling {
    client: Client,
    kept: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Redialling {
    fn new(server: &AnyServer) -> Self {
        Self { client: Client::open(server.url()).unwrap(), kept: Arc::default() }
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut kept = self.kept.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(kept.insert(connection).clone())
    }
}

impl<'a> Service<Command<'a>> for Redialling {
    type Response = Value;
    type Error = ConnectionError;
    type Future = BoxFuture<'a, Result<Value, ConnectionError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, command: Command<'a>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let dialled = this.connection().await;
            let connection = dialled.map_err(|error| ConnectionError::NotConnected(Arc::new(error)))?;
            let reply = send(connection, command).await;
            if reply.is_err() {
                *this.kept.lock().await = None;
            }
            Ok(reply?)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_service_of_ones_own_is_left_when_its_server_dies_and_taken_back_when_it_is_up_again() {
    let (primary, secondary) = (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap());
    let own = DatabaseConfig::from_service("primary", Redialling::new(&primary));
    let mut client = MultiDbClient::new(beside(own, &secondary)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client.set::<_, _, ()>("kept", "on the primary").await.unwrap();
    let load = Load::start(&client, 4);
    load.goes_on().await;

    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    load.goes_on().await;
    primary.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    load.goes_on().await;

    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    client.set::<_, _, ()>("where", "on the primary").await.unwrap();
    let mut direct = Redialling::new(&primary).connection().await.unwrap();
    assert_eq!(direct.get::<_, String>("where").await.unwrap(), "on the primary");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b55_a_connection_of_ones_own_is_left_while_it_is_silent() {
    let (primary, secondary) = (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap());
    let connection = Redialling::new(&primary).connection().await.unwrap();
    let own = DatabaseConfig::from_connection("primary", connection);
    let mut client = MultiDbClient::new(beside(own, &secondary)).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
    let mut pipeline = redis::pipe();
    pipeline.atomic().set("key", 2).ignore().get("key");
    assert_eq!(pipeline.query_async::<(i64,)>(&mut client).await.unwrap(), (2,));

    primary.freeze().unwrap();
    let load = Load::start(&client, 4);
    becomes_active(&client, "secondary").await;
    primary.thaw().unwrap();
    becomes_active(&client, "primary").await;
    load.goes_on().await;
    let tally = load.end().await;
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
    assert_eq!(client.get::<_, i64>("key").await.unwrap(), 2);
}

/// Fills the active database, begins a scan there, and gives what would go on with it.
async fn begun_scan(client: &mut MultiDbClient) -> redis::Cmd {
    for number in 0..200 {
        client.set::<_, _, ()>(format!("key:{number}"), number).await.unwrap();
    }
    let mut scan = redis::cmd("SCAN");
    let (cursor, _): (u64, Vec<String>) = scan.arg(0).arg("COUNT").arg(10).query_async(client).await.unwrap();
    let goes_on = redis::cmd("SCAN").arg(cursor).take();
    let (_, keys): (u64, Vec<String>) = goes_on.query_async(client).await.unwrap();
    assert!(!keys.is_empty(), "the cursor is good where it came from");
    goes_on
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b60_a_scan_is_carried_neither_from_ones_own_service_to_another_database_nor_back() {
    let (primary, secondary) = (AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap());
    let own = DatabaseConfig::from_service("primary", Redialling::new(&primary));
    let mut client = MultiDbClient::new(beside(own, &secondary).auto_fallback_interval(None)).unwrap();
    for (from, to) in [("primary", "secondary"), ("secondary", "primary")] {
        client.connect(PATIENCE).await.unwrap();
        client.handle().unwrap().set_active(from, None).await.unwrap();
        let goes_on = begun_scan(&mut client).await;
        client.handle().unwrap().set_active(to, None).await.unwrap();
        let error = goes_on.query_async::<Value>(&mut client).await.unwrap_err();
        assert!(matches!(Error::of(&error), Some(Error::ScanInterrupted)), "{error:?}");
    }
}
