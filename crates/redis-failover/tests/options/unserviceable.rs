use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{RedisResult, Value};
use redis_failover::{Command, DatabaseConfig, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, sleep, timeout};
use tower::service_fn;

use crate::fake::{LONG, connected};

/// A database that answers whatever it is asked, but writes perhaps with `READONLY`.
#[derive(Clone)]
struct Replica {
    name: &'static str,
    read_only: Arc<AtomicBool>,
}

impl Replica {
    fn new(name: &'static str) -> Self {
        Self { name, read_only: Arc::default() }
    }

    fn demoted(&self, demoted: bool) {
        self.read_only.store(demoted, Ordering::Relaxed);
    }

    fn config(&self, weight: f64) -> DatabaseConfig {
        let this = self.clone();
        let service = service_fn(move |command: Command<'_>| {
            let reply = match command.name() {
                "PING" => Value::SimpleString("PONG".into()),
                _ if command.is_write() && this.read_only.load(Ordering::Relaxed) => {
                    redis::parse_redis_value(b"-READONLY You can't write against a read only replica.\r\n")
                        .unwrap()
                }
                _ => Value::BulkString(this.name.into()),
            };
            async move { Ok::<_, io::Error>(reply) }
        });
        DatabaseConfig::from_service(self.name, service).weight(weight)
    }
}

async fn write(client: &mut MultiDbClient) -> RedisResult<String> {
    redis::cmd("SET").arg("key").arg("value").query_async(client).await
}

/// How long writes are refused, with reads in between, until another database takes them.
async fn refused_for(client: &mut MultiDbClient) -> Duration {
    let began = Instant::now();
    while write(client).await.is_err() {
        let _: String = redis::cmd("GET").arg("key").query_async(client).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        assert!(began.elapsed() < LONG, "nobody takes writes");
    }
    began.elapsed()
}

fn about(seconds: u64) -> std::ops::Range<Duration> {
    Duration::from_millis(seconds * 1000 - 100)..Duration::from_millis(seconds * 1000 + 900)
}

#[tokio::test(start_paused = true)]
async fn b59_writes_are_refused_for_ten_seconds_or_as_long_as_it_is_said() {
    let seconds = Duration::from_secs;
    type Said = fn(DatabaseConfig) -> DatabaseConfig;
    let said: [(Said, u64); 4] = [
        (|eu| eu, 10),
        (|eu| eu.unserviceable_after(Duration::from_secs(3)), 3),
        (|eu| eu.down_after(Duration::from_secs(15)), 15),
        (|eu| eu.down_after(Duration::from_secs(1)).unserviceable_after(Duration::from_secs(3)), 3),
    ];
    for (said, expected) in said {
        let (eu, us) = (Replica::new("eu"), Replica::new("us"));
        let config = MultiDbConfig::new([said(eu.config(1.0)), us.config(0.5)]);
        let mut client = connected(config.unserviceable_after(seconds(10))).await;
        assert_eq!(write(&mut client).await.unwrap(), "eu");
        eu.demoted(true);
        let refused_for = refused_for(&mut client).await;
        assert!(about(expected).contains(&refused_for), "{refused_for:?}, not {expected} s");
        assert_eq!(write(&mut client).await.unwrap(), "us");
    }
}

#[tokio::test(start_paused = true)]
async fn b59_a_write_that_was_served_begins_it_anew() {
    let (eu, us) = (Replica::new("eu"), Replica::new("us"));
    let mut client = connected(MultiDbConfig::new([eu.config(1.0), us.config(0.5)])).await;
    for _ in 0..5 {
        eu.demoted(true);
        for _ in 0..80 {
            write(&mut client).await.unwrap_err();
            sleep(Duration::from_millis(100)).await;
        }
        eu.demoted(false);
        assert_eq!(write(&mut client).await.unwrap(), "eu");
    }
}

#[tokio::test(start_paused = true)]
async fn b59_who_is_back_is_sent_away_by_the_first_such_answer_for_one_grace() {
    for healed_for in [Duration::ZERO, Duration::from_secs(50), Duration::from_secs(70)] {
        let (eu, us) = (Replica::new("eu"), Replica::new("us"));
        let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)])
            .auto_fallback_interval(Some(Duration::from_secs(20)))
            .flap_window(Duration::ZERO);
        let mut client = connected(config).await;
        eu.demoted(true);
        refused_for(&mut client).await;
        eu.demoted(false);
        let active = |client: &MultiDbClient| client.snapshot().unwrap().active.unwrap().to_string();
        let back = async {
            while active(&client) != "eu" {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(LONG, back).await.unwrap();
        // PING says nothing of writes.
        if !healed_for.is_zero() {
            assert_eq!(write(&mut client).await.unwrap(), "eu");
            sleep(healed_for).await;
        }
        eu.demoted(true);
        let borne = about(10).contains(&refused_for(&mut client).await);
        assert_eq!(borne, healed_for > Duration::from_secs(60), "healed for {healed_for:?}");
        assert_eq!(active(&client), "us");
    }
}

#[tokio::test(start_paused = true)]
async fn b59_the_last_database_serves_what_it_can() {
    let eu = Replica::new("eu");
    let mut client = connected(MultiDbConfig::new([eu.config(1.0)])).await;
    eu.demoted(true);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        assert_eq!(write(&mut client).await.unwrap_err().code(), Some("READONLY"));
        let read: String = redis::cmd("GET").arg("key").query_async(&mut client).await.unwrap();
        assert_eq!(read, "eu");
        sleep(Duration::from_millis(100)).await;
    }
    eu.demoted(false);
    assert_eq!(write(&mut client).await.unwrap(), "eu");
}

/// A database whose answer to writes, or to all that names a key, is this error; to PING it says PONG.
fn ailing(answer: &'static str, is_refused: fn(&Command<'_>) -> bool) -> DatabaseConfig {
    let service = service_fn(move |command: Command<'_>| {
        let reply = match command.name() {
            "PING" => Value::SimpleString("PONG".into()),
            _ if is_refused(&command) => redis::parse_redis_value(answer.as_bytes()).unwrap(),
            _ => Value::BulkString("eu".into()),
        };
        async move { Ok::<_, io::Error>(reply) }
    });
    DatabaseConfig::from_service("eu", service)
}

#[tokio::test(start_paused = true)]
async fn b59_each_answer_that_says_it_cannot_serve_counts_and_no_other_does() {
    type Refused = fn(&Command<'_>) -> bool;
    let (writes, keyed): (Refused, Refused) = (|command| command.is_write(), |command| command.is_keyed());
    for (answer, refused, is_left) in [
        ("-READONLY You can't write against a read only replica.\r\n", writes, true),
        ("-NOREPLICAS Not enough good replicas to write.\r\n", writes, true),
        ("-MISCONF Redis is configured to save RDB snapshots\r\n", writes, true),
        ("-LOADING Redis is loading the dataset in memory\r\n", keyed, true),
        ("-MASTERDOWN Link with MASTER is down\r\n", keyed, true),
        ("-CLUSTERDOWN The cluster is down\r\n", keyed, true),
        ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", writes, false),
        ("-WRONGTYPE Operation against a key\r\n", keyed, false),
        ("-BUSY Redis is busy running a script.\r\n", keyed, false),
    ] {
        let us = Replica::new("us");
        let mut client = connected(MultiDbConfig::new([ailing(answer, refused), us.config(0.5)])).await;
        let began = Instant::now();
        let left = async {
            while write(&mut client).await.is_err() {
                let _: RedisResult<String> = redis::cmd("GET").arg("key").query_async(&mut client).await;
                sleep(Duration::from_millis(100)).await;
            }
        };
        assert_eq!(timeout(Duration::from_secs(60), left).await.is_ok(), is_left, "{answer}");
        if is_left {
            assert!(began.elapsed() > Duration::from_secs(9), "{answer} {:?}", began.elapsed());
        }
    }
}
