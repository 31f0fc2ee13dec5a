use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use failover_testkit::embedded::{Control, Data, EmbeddedRedis};
use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, IntoConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::time::{Duration, timeout};

use super::shown;
use crate::connection::{Address, BoxedStream, Connect};
use crate::pubsub::{PubSub, PubSubItem};
use crate::{DatabaseConfig, MultiDbClient, MultiDbConfig};

/// On a paused clock this costs nothing.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// An embedded server at the end of in-memory streams.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) control: Control,
    door: Arc<Door>,
}

/// What becomes of connections on their way.
#[derive(Default)]
struct Door {
    refuses: AtomicBool,
    refused: AtomicUsize,
    /// Whether the connection that was made last hangs.
    last: Mutex<Arc<AtomicBool>>,
}

impl Server {
    pub(super) fn start() -> Self {
        Self { control: EmbeddedRedis::builder().detached(), door: Arc::default() }
    }

    pub(super) fn connector(&self) -> impl Connect + use<> {
        let server = self.clone();
        move |_: Address| {
            let server = server.clone();
            async move { server.connect() }
        }
    }

    fn connect(self) -> io::Result<BoxedStream> {
        if self.door.refuses.load(Ordering::Relaxed) || !self.control.is_up() {
            self.door.refused.fetch_add(1, Ordering::Relaxed);
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        }
        let line = Line { stream: self.line(), hangs: Arc::default() };
        *self.door.last.lock().unwrap() = Arc::clone(&line.hangs);
        Ok(Box::new(line))
    }

    fn line(&self) -> DuplexStream {
        let (ours, theirs) = duplex(64 * 1024);
        let control = self.control.clone();
        tokio::spawn(async move { control.serve(theirs).await });
        ours
    }

    /// Whether new connections are refused, while the server and the others live on.
    pub(super) fn refuse_connections(&self, refuse: bool) {
        self.door.refuses.store(refuse, Ordering::Relaxed);
    }

    /// How many were refused so far.
    pub(super) fn refused(&self) -> usize {
        self.door.refused.load(Ordering::Relaxed)
    }

    /// Nothing comes any more on the connection that was made last.
    pub(super) fn hang_last_connection(&self) {
        self.door.last.lock().unwrap().store(true, Ordering::Relaxed);
    }

    /// Runs a command on a connection of its own, past the door.
    pub(super) async fn run<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let settings = "redis://server".into_connection_info().unwrap().redis_settings().clone();
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (mut connection, driver) =
            MultiplexedConnection::new_with_config(&settings, self.line(), config).await.unwrap();
        tokio::spawn(driver);
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query_async(&mut connection).await.unwrap()
    }

    /// Tells how many subscribers there were.
    pub(super) async fn publish(&self, channel: &str, payload: &str) -> usize {
        self.run(&["PUBLISH", channel, payload]).await
    }

    /// How many are subscribed to a channel.
    pub(super) async fn subscribers(&self) -> usize {
        let listed: String = self.run(&["CLIENT", "LIST"]).await;
        listed.lines().filter(|line| !line.contains(" sub=0 psub=0 ssub=0")).count()
    }

    /// Ends the connections of subscribers, and no others.
    pub(super) async fn kill_subscribers(&self) {
        let _: i64 = self.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    }

    pub(super) fn restart(&self) {
        self.control.restart(Data::Kept).unwrap();
    }
}

/// Two databases, of which London is preferred, and a client for both.
pub(super) struct Stage {
    pub(super) london: Server,
    pub(super) paris: Server,
    pub(super) client: MultiDbClient,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with("redis://", |config| config).await
    }

    /// The URL's beginning decides the protocol.
    pub(super) async fn with(url: &str, configure: impl FnOnce(MultiDbConfig) -> MultiDbConfig) -> Self {
        let (london, paris) = (Server::start(), Server::start());
        let (scheme, query) = url
            .split_once('?')
            .map_or((url, String::new()), |(scheme, query)| (scheme, format!("/?{query}")));
        let database = |name: &str, server: &Server, weight| {
            DatabaseConfig::from_url(&format!("{scheme}{name}{query}"))
                .unwrap()
                .name(name)
                .weight(weight)
                .connector(server.connector())
        };
        let config = MultiDbConfig::new([database("london", &london, 1.0), database("paris", &paris, 0.5)])
            .auto_fallback_interval(None);
        let client = MultiDbClient::new(configure(config)).unwrap();
        client.connect(LONG).await.unwrap();
        Self { london, paris, client }
    }

    /// Moves the client by hand.
    pub(super) async fn choose(&self, database: &str) {
        self.client.handle().unwrap().set_active(database, None).await.unwrap();
    }

    pub(super) fn active(&self) -> String {
        self.client.snapshot().unwrap().active.unwrap().to_string()
    }
}

/// The next item, in a few words.
pub(super) async fn next(pubsub: &mut PubSub) -> String {
    shown(&next_item(pubsub).await)
}

pub(super) async fn next_item(pubsub: &mut PubSub) -> PubSubItem {
    timeout(LONG, pubsub.next()).await.expect("an item in time").expect("an item")
}

/// Nothing comes for a while.
pub(super) async fn nothing(pubsub: &mut PubSub) {
    if let Ok(item) = timeout(Duration::from_secs(60), pubsub.next()).await {
        panic!("{item:?}");
    }
}

/// Waits until a condition holds.
pub(super) async fn until(condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, wait).await.expect("the condition in time");
}

/// A connection that can hang.
struct Line {
    stream: DuplexStream,
    hangs: Arc<AtomicBool>,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.hangs.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
