//! What is logged of a client's life: no secret, and nothing of a single command (B53).

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};

use failover_testkit::embedded::EmbeddedRedis;
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, Error, MultiDbClient, MultiDbConfig};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

const LONG: Duration = Duration::from_secs(20);

/// Every event and span, with all its fields, in one line each.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    /// Hears all that this thread says from now on.
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        (log.clone(), tracing::subscriber::set_default(log))
    }

    fn take(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        self.0.lock().unwrap().push((*span.metadata().level(), line.0));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.0.lock().unwrap().push((Level::TRACE, line.0));
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn database(url: &str, name: &str, weight: f64) -> DatabaseConfig {
    DatabaseConfig::from_url(url).unwrap().name(name).weight(weight)
}

#[tokio::test]
async fn b53_no_password_and_no_value_is_logged() {
    let (log, _listening) = Log::begin();
    let server = || EmbeddedRedis::builder().password("open-sesame").start();
    let (primary, secondary) = (server().await.unwrap(), server().await.unwrap());
    let config = MultiDbConfig::new([
        database(&primary.url(), "primary", 1.0),
        database(&secondary.url(), "secondary", 0.5),
    ]);
    let mut client = MultiDbClient::new(config.health_check_delay(Duration::from_millis(5))).unwrap();
    client.set::<_, _, ()>("key", "a value of the application").await.unwrap();
    primary.control().kill();
    let moved = async {
        while client.set::<_, _, ()>("key", "a value of the application").await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, moved).await.unwrap();
    client.close(Duration::from_secs(1)).await;

    let wrong = format!("redis://:hunter2@{}", secondary.addr());
    let refused = MultiDbClient::new(MultiDbConfig::new([database(&wrong, "secondary", 1.0)])).unwrap();
    let error = refused.connect(LONG).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error:?}");

    let lines = log.take();
    assert!(lines.iter().any(|(_, line)| line.contains("secondary")), "{lines:?}");
    for (_, line) in lines {
        for secret in ["open-sesame", "hunter2", "a value of the application"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[tokio::test]
async fn b53_no_command_is_logged_above_trace() {
    let server = EmbeddedRedis::start().await.unwrap();
    let config = MultiDbConfig::new([database(&server.url(), "primary", 1.0)]);
    let config = config
        .health_check_interval(Duration::from_secs(600))
        .health_check_delay(Duration::from_millis(5))
        .response_timeout(LONG);
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(LONG).await.unwrap();
    client.set::<_, _, ()>("key", 0).await.unwrap();
    let (log, _listening) = Log::begin();
    for value in 1..=200 {
        client.set::<_, _, ()>("key", value).await.unwrap();
        // The server's own error is the application's affair.
        client.lpush::<_, _, u64>("key", value).await.unwrap_err();
    }
    let above_trace: Vec<_> = log.take().into_iter().filter(|(level, _)| *level != Level::TRACE).collect();
    // Now and then the machine may be slow, and something says so; but not for each command.
    assert!(above_trace.len() < 20, "{above_trace:?}");
}

#[tokio::test]
async fn b53_no_message_transaction_or_blocking_command_is_logged_above_trace() {
    const VALUE: &str = "a value of the application";
    let (log, _listening) = Log::begin();
    let server = EmbeddedRedis::builder().password("open-sesame").start().await.unwrap();
    let config = MultiDbConfig::new([database(&server.url(), "primary", 1.0)])
        .health_check_interval(Duration::from_secs(600))
        .health_check_delay(Duration::from_millis(5))
        .response_timeout(LONG);
    let mut client = MultiDbClient::new(config).unwrap();
    client.connect(LONG).await.unwrap();
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    let mut above_trace = 0;
    let mut lines = log.take();
    for _ in 0..200 {
        client.publish::<_, _, u64>("news", VALUE).await.unwrap();
        let heard = tokio::time::timeout(LONG, pubsub.next()).await.unwrap().unwrap();
        assert_eq!(heard.into_message().unwrap().get_payload_bytes(), VALUE.as_bytes());
        let _: Option<()> = client
            .transaction("key", |_, mut pipeline| async move {
                pipeline.rpush("list", VALUE).ignore();
                Ok(Some(pipeline))
            })
            .await
            .unwrap();
        let (_, popped): (String, String) = client.blpop("list", 1.0).await.unwrap();
        assert_eq!(popped, VALUE);
        let said = log.take();
        above_trace += said.iter().filter(|(level, _)| *level != Level::TRACE).count();
        lines.extend(said);
    }
    // Now and then the machine may be slow, and something says so; but not for each command.
    assert!(above_trace < 20, "{above_trace} lines");
    for (_, line) in lines {
        assert!(!line.contains(VALUE) && !line.contains("open-sesame"), "{line}");
    }
}
