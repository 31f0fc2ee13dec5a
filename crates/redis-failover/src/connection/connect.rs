use std::{error::Error, fmt, future::Future, io, net::SocketAddr, path::Path, time::Duration};

use futures_util::future::BoxFuture;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream, lookup_host},
};

use super::{Address, staggered::first_to_succeed};

/// A stream of bytes in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// A stream of any kind.
pub type BoxedStream = Box<dyn ByteStream>;

/// How a connection to an address is made: the one way for commands, health checks and subscribers.
///
/// TLS has its place here: a connector of its own, `TlsConnect`, wraps the stream that another one gives. So has
/// whatever else carries bytes, as an in-memory pipe or a simulated network. A function will do:
///
/// ```
/// use redis_failover::connection::{Address, BoxedStream, Connect};
///
/// fn in_memory(connect: impl Connect) {}
///
/// in_memory(|_address: Address| async {
///     let (client, _server) = tokio::io::duplex(1024);
///     Ok(Box::new(client) as BoxedStream)
/// });
/// ```
///
/// # Errors
///
/// An error names the address and says what failed; it shows no secret. A panic is a dial that failed.
///
/// # Cancellation
///
/// Dropping the future gives the attempt up. Callers put one deadline round connecting and the handshake that
/// follows; a connector has none of its own.
pub trait Connect: Send + Sync + 'static {
    /// Makes a new connection. Every call asks anew where a name leads.
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<BoxedStream>>;
}

impl<F, Fut> Connect for F
where
    F: Fn(Address) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<BoxedStream>> + Send + 'static,
{
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(self(address.clone()))
    }
}

/// The default: TCP and unix sockets, by tokio.
///
/// Each dial resolves the name anew and tries every address it has. The next one is tried when the last one has
/// failed, or has said nothing for 250 ms (RFC 8305); the first that answers is taken.
///
/// Sockets send at once (`TCP_NODELAY`). Dead links are found by keepalive when idle (after 1 s of silence, then
/// each second, twice) and by `TCP_USER_TIMEOUT` (1.5 s, on Linux) when busy: measured, both in about 2 s.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TcpConnect;

/// RFC 8305's recommended connection attempt delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
const KEEPALIVE: Duration = Duration::from_secs(1);
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_millis(1500);

impl Connect for TcpConnect {
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            match address {
                Address::Tcp { host, port } => dial(address, host, *port).await,
                Address::Unix(path) => dial_unix(address, path).await,
            }
        })
    }
}

async fn dial(address: &Address, host: &str, port: u16) -> io::Result<BoxedStream> {
    let resolved = lookup_host((host, port)).await.map_err(|error| failed("resolve", address, error))?;
    let stream =
        first_to_answer(resolved, open).await.map_err(|error| failed("connect to", address, error))?;
    Ok(Box::new(stream))
}

async fn dial_unix(address: &Address, path: &Path) -> io::Result<BoxedStream> {
    let stream = UnixStream::connect(path).await.map_err(|error| failed("connect to", address, error))?;
    Ok(Box::new(stream))
}

/// Tries the addresses in their order, and tells the last error if none answers.
async fn first_to_answer<T, Fut: Future<Output = io::Result<T>>>(
    addresses: impl Iterator<Item = SocketAddr>,
    open: impl Fn(SocketAddr) -> Fut,
) -> io::Result<T> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no addresses");
    let attempts = addresses.map(open);
    let answered = first_to_succeed(attempts, ATTEMPT_DELAY, |error| last_error = error).await;
    answered.ok_or(last_error)
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keepalive())?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}

fn keepalive() -> TcpKeepalive {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_interval(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let keepalive = keepalive.with_retries(2);
    keepalive
}

/// The same kind of error, saying what was tried and where.
pub(super) fn failed(what: &'static str, address: &Address, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), DialError { what, address: address.clone(), source })
}

#[derive(Debug)]
struct DialError {
    what: &'static str,
    address: Address,
    source: io::Error,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.what, self.address, self.source)
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, UnixListener},
        time::sleep,
    };

    use super::*;

    /// A port that refuses: it was free a moment ago.
    async fn refusing() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    async fn echo(mut ours: BoxedStream, mut theirs: impl ByteStream) {
        ours.write_all(b"PING").await.unwrap();
        let mut heard = [0; 4];
        theirs.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"PING");
    }

    #[tokio::test]
    async fn a_connection_carries_bytes_over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::tcp("127.0.0.1", listener.local_addr().unwrap().port());
        let connector: Arc<dyn Connect> = Arc::new(TcpConnect);

        let (ours, theirs) = tokio::join!(connector.connect(&address), listener.accept());
        echo(ours.unwrap(), theirs.unwrap().0).await;
    }

    #[tokio::test]
    async fn a_connection_carries_bytes_over_a_unix_socket() {
        let directory = std::env::temp_dir().join(format!("redis-failover-connect-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let address = Address::Unix(path);

        let (ours, theirs) = tokio::join!(TcpConnect.connect(&address), listener.accept());
        echo(ours.unwrap(), theirs.unwrap().0).await;
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[tokio::test]
    async fn sockets_send_at_once_and_find_dead_links() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = open(listener.local_addr().unwrap()).await.unwrap();

        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(1));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(1));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 2);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_millis(1500)));
        }
    }

    #[tokio::test]
    async fn b36_a_dial_tries_every_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answering = listener.local_addr().unwrap();
        let addresses = [refusing().await, refusing().await, answering];

        let stream = first_to_answer(addresses.into_iter(), open).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), answering);
    }

    #[tokio::test(start_paused = true)]
    async fn b36_an_address_that_says_nothing_does_not_hold_up_the_next() {
        let [silent, answering]: [SocketAddr; 2] =
            ["192.0.2.1:1", "192.0.2.2:1"].map(|at| at.parse().unwrap());
        let began = tokio::time::Instant::now();
        let dial = first_to_answer([silent, answering].into_iter(), |address| async move {
            if address == silent {
                std::future::pending::<()>().await;
            }
            Ok(address)
        });
        assert_eq!(dial.await.unwrap(), answering);
        assert_eq!(began.elapsed(), ATTEMPT_DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn b36_a_slow_address_may_still_answer_after_the_next_was_tried() {
        let [slow, refusing]: [SocketAddr; 2] = ["192.0.2.1:1", "192.0.2.2:1"].map(|at| at.parse().unwrap());
        let dial = first_to_answer([slow, refusing].into_iter(), |address| async move {
            if address == refusing {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
            }
            sleep(2 * ATTEMPT_DELAY).await;
            Ok(address)
        });
        assert_eq!(dial.await.unwrap(), slow);
    }

    #[tokio::test]
    async fn b36_every_dial_asks_anew_where_a_name_leads() {
        // localhost may lead to ::1, where nobody listens, and to 127.0.0.1.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::tcp("localhost", listener.local_addr().unwrap().port());
        for _ in 0..2 {
            let (ours, theirs) = tokio::join!(TcpConnect.connect(&address), listener.accept());
            echo(ours.unwrap(), theirs.unwrap().0).await;
        }
    }

    #[tokio::test]
    async fn a_refused_dial_says_where_and_why() {
        let address = Address::tcp("127.0.0.1", refusing().await.port());
        let error = TcpConnect.connect(&address).await.err().unwrap();

        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with(&format!("cannot connect to {address}: ")), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_says_so() {
        let address = Address::tcp("database.invalid", 6379);
        let error = TcpConnect.connect(&address).await.err().unwrap();
        assert!(error.to_string().starts_with("cannot resolve database.invalid:6379: "), "{error}");
    }

    #[tokio::test]
    async fn a_socket_that_is_not_there_says_where() {
        let error = TcpConnect.connect(&Address::Unix("/nowhere/redis.sock".into())).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/nowhere/redis.sock"), "{error}");
    }

    #[tokio::test]
    async fn a_function_connects_too() {
        let connector: Arc<dyn Connect> = Arc::new(|address: Address| async move {
            assert_eq!(address, Address::tcp("london", 1));
            Ok(Box::new(tokio::io::duplex(64).0) as BoxedStream)
        });
        connector.connect(&Address::tcp("london", 1)).await.unwrap();
    }
}
