//! The fault proxy between a client and an echoing server.
#![allow(clippy::unwrap_used, reason = "a helper that fails must fail its test")]

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use failover_testkit::proxy::{Direction, FaultProxy};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, timeout},
};

const SILENCE: Duration = Duration::from_millis(60);
const DEADLINE: Duration = Duration::from_secs(10);

/// A server that answers with what it gets.
struct Echo {
    addr: SocketAddr,
    _connections: JoinSet<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        Self { addr, _connections: tasks }
    }
}

async fn proxied() -> (Echo, FaultProxy) {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await.unwrap();
    (echo, proxy)
}

async fn client(proxy: &FaultProxy) -> TcpStream {
    timeout(DEADLINE, TcpStream::connect(proxy.addr())).await.unwrap().unwrap()
}

async fn round_trip(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).await.unwrap();
    let mut answer = vec![0; text.len()];
    timeout(DEADLINE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, text);
}

async fn assert_silent(stream: &mut TcpStream) {
    let mut buffer = [0; 1];
    let read = timeout(SILENCE, stream.read(&mut buffer)).await;
    assert!(read.is_err(), "expected silence, got {read:?}");
}

async fn assert_reset(stream: &mut TcpStream) {
    let mut buffer = [0; 1];
    let error = timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn without_faults_it_forwards_and_counts() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    round_trip(&mut stream, b"hello").await;
    let control = proxy.control();
    assert_eq!((control.connections_accepted(), control.connections_open()), (1, 1));
    assert_eq!(control.bytes(Direction::ToServer), 5);
    until("the reply is counted", || control.bytes(Direction::ToClient) == 5).await;

    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    until("the connection ends", || control.connections_open() == 0).await;
}

#[tokio::test]
async fn latency_delays_but_keeps_the_throughput() {
    let (_echo, proxy) = proxied().await;
    proxy.control().latency(Duration::from_millis(20), Duration::from_millis(5));
    let mut stream = client(&proxy).await;
    let start = Instant::now();
    round_trip(&mut stream, b"hello").await;
    assert!(start.elapsed() >= Duration::from_millis(40));

    let start = Instant::now();
    let (mut from, mut to) = stream.split();
    let send = async {
        for _ in 0..100 {
            to.write_all(&[7; 1000]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let mut answer = vec![0; 100_000];
    let receive = async {
        timeout(DEADLINE, from.read_exact(&mut answer)).await.unwrap().unwrap();
    };
    tokio::join!(send, receive);
    // One after the other, a hundred of them would take four seconds.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_black_hole_swallows_old_and_new_connections() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    let mut idle = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    round_trip(&mut idle, b"one").await;
    proxy.control().black_hole();
    let mut new = client(&proxy).await;
    old.write_all(b"two").await.unwrap();
    new.write_all(b"two").await.unwrap();
    assert_silent(&mut old).await;
    assert_silent(&mut new).await;

    proxy.control().heal().unwrap();
    assert_reset(&mut old).await;
    assert_reset(&mut new).await;
    round_trip(&mut idle, b"three").await;
    round_trip(&mut client(&proxy).await, b"three").await;
}

#[tokio::test]
async fn forgotten_connections_are_silent_and_new_ones_work() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().forget_connections();
    let mut new = client(&proxy).await;
    round_trip(&mut new, b"two").await;
    old.write_all(b"two").await.unwrap();
    assert_silent(&mut old).await;

    proxy.control().heal().unwrap();
    assert_reset(&mut old).await;
    round_trip(&mut new, b"three").await;
}

#[tokio::test]
async fn loss_can_be_one_way() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    round_trip(&mut stream, b"one").await;
    proxy.control().lose(Direction::ToClient);
    stream.write_all(b"four").await.unwrap();
    assert_silent(&mut stream).await;
    assert_eq!(proxy.control().bytes(Direction::ToServer), 7);
    assert_eq!(proxy.control().bytes(Direction::ToClient), 3);
}

#[tokio::test]
async fn a_reset_concerns_the_existing_connections() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().reset();
    assert_reset(&mut old).await;
    round_trip(&mut client(&proxy).await, b"two").await;
}

#[tokio::test]
async fn a_half_close_ends_one_way_only() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    round_trip(&mut stream, b"one").await;
    proxy.control().half_close(Direction::ToClient);
    assert_eq!(timeout(DEADLINE, stream.read(&mut [0])).await.unwrap().unwrap(), 0);
    stream.write_all(b"more").await.unwrap();
    until("the server gets more", || proxy.control().bytes(Direction::ToServer) == 7).await;
}

#[tokio::test]
async fn refusing_spares_the_existing_connections() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().refuse();
    let error = TcpStream::connect(proxy.addr()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    round_trip(&mut old, b"two").await;
    proxy.control().accept_again().unwrap();
    round_trip(&mut client(&proxy).await, b"three").await;
}

#[tokio::test]
async fn who_is_ignored_hears_nothing() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().ignore().unwrap();
    let connecting = timeout(SILENCE, TcpStream::connect(proxy.addr())).await;
    assert!(connecting.is_err(), "expected silence, got {connecting:?}");
    round_trip(&mut old, b"two").await;

    proxy.control().heal().unwrap();
    round_trip(&mut client(&proxy).await, b"three").await;
    round_trip(&mut old, b"three").await;
}

#[tokio::test]
async fn new_connections_alone_can_be_swallowed() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().swallow_new();
    let mut new = client(&proxy).await;
    new.write_all(b"two").await.unwrap();
    assert_silent(&mut new).await;
    round_trip(&mut old, b"two").await;

    proxy.control().heal().unwrap();
    assert_reset(&mut new).await;
    round_trip(&mut old, b"three").await;
}

#[tokio::test]
async fn resets_and_half_closes_can_last() {
    let (_echo, proxy) = proxied().await;
    let mut old = client(&proxy).await;
    round_trip(&mut old, b"one").await;
    proxy.control().reset_all();
    assert_reset(&mut old).await;
    assert_reset(&mut client(&proxy).await).await;
    proxy.control().heal().unwrap();
    round_trip(&mut client(&proxy).await, b"two").await;

    proxy.control().half_close_all(Direction::ToClient);
    assert_eq!(timeout(DEADLINE, client(&proxy).await.read(&mut [0])).await.unwrap().unwrap(), 0);
    proxy.control().heal().unwrap();
    round_trip(&mut client(&proxy).await, b"three").await;
}

#[tokio::test]
async fn what_is_lost_of_a_connection_comes_late() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    round_trip(&mut stream, b"one").await;
    proxy.control().lose_segments(1.0);
    stream.write_all(b"two").await.unwrap();
    assert_silent(&mut stream).await;
    proxy.control().heal().unwrap();
    round_trip(&mut client(&proxy).await, b"three").await;
}

#[tokio::test]
async fn a_reply_is_cut_in_the_middle_once() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    proxy.control().cut_reply(8);
    round_trip(&mut stream, b"first").await;
    stream.write_all(b"second").await.unwrap();
    let mut rest = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, b"sec");
    round_trip(&mut client(&proxy).await, b"third time").await;
}

#[tokio::test]
async fn a_dead_upstream_is_a_reset() {
    let echo = Echo::start().await;
    let addr = echo.addr;
    drop(echo);
    let proxy = FaultProxy::start(addr).await.unwrap();
    tokio::task::yield_now().await;
    assert_reset(&mut client(&proxy).await).await;
}

#[tokio::test]
async fn nothing_is_left_after_the_drop() {
    let (_echo, proxy) = proxied().await;
    let mut stream = client(&proxy).await;
    round_trip(&mut stream, b"one").await;
    let (addr, control) = (proxy.addr(), proxy.control().clone());
    drop(proxy);
    let read = timeout(DEADLINE, stream.read(&mut [0])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
    until("the connections end", || control.connections_open() == 0).await;
    TcpStream::connect(addr).await.unwrap_err();
}
