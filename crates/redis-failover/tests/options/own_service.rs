use std::{
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use redis::Value;
use redis_failover::{Command, ConfigError, DatabaseConfig, Error, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, sleep};
use tower::service_fn;
use tower_failover::Verdict;
use tower_service::Service;

async fn answers(_: Command<'_>) -> io::Result<Value> {
    Ok(Value::Int(1))
}

async fn hangs(_: Command<'_>) -> io::Result<Value> {
    pending().await
}

/// One database, not checked.
fn client(database: DatabaseConfig) -> MultiDbClient {
    MultiDbClient::new(MultiDbConfig::new([database]).health_checks([])).unwrap()
}

async fn incr(client: &mut MultiDbClient) -> Result<i64, Error> {
    let reply = client.call(Command::from(redis::cmd("INCR").arg("key").take())).await?;
    Ok(redis::from_redis_value(reply).unwrap())
}

#[tokio::test(start_paused = true)]
async fn b34_calls_of_ones_own_service_have_the_response_timeout() {
    let limit = Duration::from_millis(200);
    let hanging = DatabaseConfig::from_service("hanging", service_fn(hangs)).response_timeout(limit);
    let began = Instant::now();
    match incr(&mut client(hanging)).await {
        Err(Error::MayHaveBeenApplied(Some(error))) => {
            assert!(matches!(*error, Error::TimedOut(_)), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(began.elapsed() < 2 * limit, "{:?}", began.elapsed());
}

#[test]
fn b55_what_a_service_that_connects_by_itself_cannot_heed_is_refused() {
    let refused = |database| match MultiDbConfig::new([database]).validate() {
        Err(ConfigError::DatabaseOption { option, .. }) => Some(option),
        Err(other) => panic!("{other}"),
        Ok(()) => None,
    };
    let own = || DatabaseConfig::from_service("own", service_fn(answers));
    let second = Duration::from_secs(1);
    assert_eq!(refused(own().response_timeout(second)), None);
    assert_eq!(refused(own().connect_timeout(second)), Some("connect_timeout"));
    assert_eq!(refused(own().dedicated_connections(2)), Some("dedicated_connections"));
    assert_eq!(refused(own().client_name("cart")), Some("client_name"));
}

/// Ready from the third look on; before that, as `before` says.
#[derive(Clone)]
struct ReadyLater {
    looks: Arc<AtomicU64>,
    before: fn() -> Poll<io::Result<()>>,
}

impl ReadyLater {
    fn new(before: fn() -> Poll<io::Result<()>>) -> Self {
        Self { looks: Arc::default(), before }
    }
}

impl<'a> Service<Command<'a>> for ReadyLater {
    type Response = Value;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Value>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.looks.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => (self.before)(),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _: Command<'a>) -> Self::Future {
        std::future::ready(Ok(Value::Int(1)))
    }
}

#[tokio::test(start_paused = true)]
async fn b32_what_a_service_was_not_ready_for_was_not_sent_and_is_repeated() {
    let refuses = ReadyLater::new(|| Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())));
    let mut client = client(DatabaseConfig::from_service("later", refuses));
    assert_eq!(incr(&mut client).await.unwrap(), 1);
    assert_eq!(client.counters().unwrap().retries(), 2);
}

#[tokio::test(start_paused = true)]
async fn b34_a_service_that_never_becomes_ready_times_out() {
    let never = ReadyLater::new(|| Poll::Pending);
    incr(&mut client(DatabaseConfig::from_service("never", never))).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn b42_close_ends_calls_on_ones_own_service() {
    let mut client = client(DatabaseConfig::from_service("hanging", service_fn(hangs)));
    let mut blocked = client.clone();
    let call = tokio::spawn(async move {
        blocked.call(Command::from(redis::cmd("BLPOP").arg("list").arg(0).take())).await
    });
    sleep(Duration::from_secs(1)).await;
    assert!(!call.is_finished());
    client.close(Duration::from_secs(1)).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), call).await.unwrap().unwrap();
    assert!(ended.is_err(), "{ended:?}");
    assert!(matches!(incr(&mut client).await, Err(Error::Closed)));
}

#[tokio::test(start_paused = true)]
async fn b17_a_ping_that_found_a_lost_connection_is_sent_once_more() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let service = service_fn(move |_: Command<'_>| {
        // Each PING has to be sent twice.
        let lost = count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        async move {
            match lost {
                true => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
                false => Ok(Value::SimpleString("PONG".into())),
            }
        }
    });
    let client =
        MultiDbClient::new(MultiDbConfig::new([DatabaseConfig::from_service("own", service)])).unwrap();
    client.connect(Duration::from_secs(60)).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert!(asked.load(Ordering::Relaxed) > 10);
    assert_eq!(client.snapshot().unwrap().member("own").unwrap().view.verdict, Verdict::Healthy);
}

#[tokio::test(start_paused = true)]
async fn b55_a_reply_of_the_stack_serves_as_a_reply() {
    // Such as another stack of this crate gives.
    use redis_failover::{classify::Shape, reply::Reply};
    async fn classified(command: Command<'_>) -> io::Result<Reply> {
        Ok(Reply::of(answers(command).await?, Shape::Single))
    }
    let mut client = client(DatabaseConfig::from_service("classified", service_fn(classified)));
    assert_eq!(incr(&mut client).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn b48_a_service_of_ones_own_has_no_connection_for_a_transaction_alone() {
    let client = client(DatabaseConfig::from_service("proxy", service_fn(answers)));
    let refused = client.transaction("key", |_, pipeline| async { Ok(Some(pipeline)) }).await
        as Result<Option<()>, Error>;
    assert!(
        matches!(&refused, Err(Error::NoDedicatedConnections { database }) if &**database == "proxy"),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn b49_a_blocking_command_of_ones_own_service_has_its_own_timeout_and_half_a_second() {
    let mut client = client(DatabaseConfig::from_service("proxy", service_fn(hangs)));
    let began = Instant::now();
    let pop = redis::cmd("BLPOP").arg("queue").arg(3).take();
    let error = client.call(Command::from(pop)).await.unwrap_err();
    assert!(matches!(error, Error::MayHaveBeenApplied(_)), "{error:?}");
    assert!((3500..4500).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}
