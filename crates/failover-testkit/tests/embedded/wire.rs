use std::net::SocketAddr;

use failover_testkit::{embedded::EmbeddedRedis, server::RealServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{DEADLINE, until};

/// All that a new connection answers to these bytes before it ends.
async fn answer(server: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn garbage_is_answered_and_ends_the_connection() {
    let server = EmbeddedRedis::start().await.unwrap();
    let text = answer(server.addr(), b"*1\r\n$4\r\nPING\r\n*1\r\n!boom\r\n").await;
    assert_eq!(text, "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    let text = answer(server.addr(), b"*99999999\r\n").await;
    assert_eq!(text, "-ERR Protocol error: invalid multibulk length\r\n");
}

#[tokio::test]
async fn random_bytes_never_stop_the_server() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let bytes: Vec<u8> = (0..random.usize(..200)).map(|_| random.u8(..)).collect();
        let _ = stream.write_all(&bytes).await;
    }
    until("all have left", || server.control().connections_open() == 0).await;
    assert_eq!(answer(server.addr(), b"PING\r\nQUIT\r\n").await, "+PONG\r\n+OK\r\n");
}

#[tokio::test]
async fn subscribers_of_resp2_may_do_little_else() {
    let server = EmbeddedRedis::start().await.unwrap();
    let text = answer(server.addr(), b"SUBSCRIBE a\r\nGET k\r\nPING\r\nQUIT\r\n").await;
    assert_eq!(
        text,
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n\
         -ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
         this context\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n+OK\r\n"
    );
}

/// Requests, one a line, and what Redis and Valkey of all versions answer to them.
const ANSWERS: &[(&str, &str)] = &[
    ("get", "-ERR wrong number of arguments for 'get' command"),
    ("set k v ex 0", "-ERR invalid expire time in 'set' command"),
    ("set k v ex x", "-ERR value is not an integer or out of range"),
    ("set k v nx xx", "-ERR syntax error"),
    ("hello 9", "-NOPROTO unsupported protocol version"),
    ("exec", "-ERR EXEC without MULTI"),
    ("discard", "-ERR DISCARD without MULTI"),
    ("client frob", "-ERR unknown subcommand 'frob'. Try CLIENT HELP."),
    ("nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "),
    ("select 16", "-ERR DB index is out of range"),
    ("blpop k -1", "-ERR timeout is negative"),
    ("blpop k x", "-ERR timeout is not a float or out of range"),
    ("auth default x", "+OK"),
    (
        "auth x",
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
         configuration is correct?",
    ),
    ("auth nobody x", "-WRONGPASS invalid username-password pair or user is disabled."),
    (
        "multi\r\nnosuch\r\nexec",
        "+OK\r\n-ERR unknown command 'nosuch', with args beginning with: \r\n-EXECABORT Transaction discarded \
         because of previous errors.",
    ),
    ("multi\r\nblpop none 0\r\nexec", "+OK\r\n+QUEUED\r\n*1\r\n*-1"),
    ("set t x\r\nlpush t y", "+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value"),
    ("incr t", "-ERR value is not an integer or out of range"),
    (
        "decrby n 9223372036854775807\r\ndecr n\r\ndecr n",
        ":-9223372036854775807\r\n:-9223372036854775808\r\n-ERR increment or decrement would overflow",
    ),
    ("decrby n -9223372036854775808", "-ERR decrement would overflow"),
    ("set e x px 100000\r\npersist e\r\nttl e\r\nttl none", "+OK\r\n:1\r\n:-1\r\n:-2"),
    ("set e x\r\nexpire e -1\r\nexists e", "+OK\r\n:1\r\n:0"),
    ("lpop none 2", "*-1"),
    ("lpop none -1", "-ERR value is out of range, must be positive"),
    ("scan x", "-ERR invalid cursor"),
    ("scan 0 count 0", "-ERR syntax error"),
    ("unsubscribe", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0"),
    ("wait 0 0", ":0"),
    ("type none", "+none"),
    ("reset", "+RESET"),
    ("getex none ex 10", "$-1"),
    ("hincrby t f 1", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
];

async fn assert_answers(server: SocketAddr) {
    for (request, expected) in ANSWERS {
        let text = answer(server, format!("{request}\r\nquit\r\n").as_bytes()).await;
        assert_eq!(text, format!("{expected}\r\n+OK\r\n"), "{request}");
    }
}

#[tokio::test]
async fn it_answers_as_redis_does() {
    let server = EmbeddedRedis::start().await.unwrap();
    assert_answers(server.addr()).await;
}

#[tokio::test]
async fn redis_does_answer_so() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let server = RealServer::start().await.unwrap();
    assert_answers(server.addr()).await;
}

#[tokio::test]
async fn far_deadlines_do_not_panic() {
    let server = EmbeddedRedis::start().await.unwrap();
    for command in ["set k v px 9223372036854775807", "expire k 9223372036854775807", "debug sleep 1e300"] {
        let text = answer(server.addr(), format!("{command}\r\nquit\r\n").as_bytes()).await;
        assert!(text.ends_with("+OK\r\n"), "{command}: {text}");
    }
}
