//! Servers that answer, but not as a database does: theirs is unavailable, and the client lives on.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::{proxy::FaultProxy, server::AnyServer};
use redis::AsyncCommands;
use redis_failover::MultiDbClient;
use tests::{Afterwards, Impostor, Load, PATIENCE, active, becomes_active, config, pair, switches};
use tokio::time::{Instant, sleep};

/// A client comes up beside an impostor, and stays with the other database.
async fn is_not_chosen(answer: &'static [u8], afterwards: Afterwards) {
    let impostor = Impostor::start(answer, afterwards).await;
    let secondary = AnyServer::start().await.unwrap();
    let mut client = MultiDbClient::new(config(&impostor.url(), &secondary.url())).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let primary = client.snapshot().unwrap().member("primary").unwrap().view.clone();
    assert!(!primary.is_available(), "{primary:?}");
    assert!(primary.evidence.is_some(), "nobody can tell why: {primary:?}");
}

/// A client's primary dies, and an impostor takes its port.
async fn is_left(answer: &'static [u8], afterwards: Afterwards) {
    let (primary, _secondary, config) = pair().await;
    let mut client = MultiDbClient::new(config.grace_period(Duration::from_millis(100))).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
    let addr = primary.addr();
    drop(primary);
    let _impostor = Impostor::start_at(addr, answer, afterwards).await;

    becomes_active(&client, "secondary").await;
    let taken_over = Instant::now();
    while taken_over.elapsed() < Duration::from_secs(1) {
        client.set::<_, _, ()>("key", 2).await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(active(&client).as_deref(), Some("secondary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_server_that_answers_garbage_is_unavailable() {
    let garbage = b"\x00\xff\x17garbage\r\n\x80\x81";
    is_not_chosen(garbage, Afterwards::Listens).await;
    is_left(garbage, Afterwards::Listens).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_server_of_another_protocol_is_unavailable() {
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    is_not_chosen(http, Afterwards::HangsUp).await;
    is_left(http, Afterwards::HangsUp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_server_that_says_ok_to_everything_is_unavailable() {
    // Two answers to the two commands of a handshake, and more than one to each thereafter.
    is_not_chosen(b"+OK\r\n+OK\r\n", Afterwards::Listens).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_server_that_hangs_up_in_the_middle_of_each_reply_is_unavailable() {
    is_not_chosen(b"$10\r\nfour", Afterwards::HangsUp).await;
    is_left(b"$10\r\nfour", Afterwards::HangsUp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_server_that_never_ends_its_reply_is_unavailable() {
    is_not_chosen(b"*2147483647\r\n:1\r\n", Afterwards::Listens).await;
    is_left(b"$536870912\r\nfour", Afterwards::Listens).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_replies_cut_in_the_middle_move_nobody_from_a_database_that_lives() {
    let server = AnyServer::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let proxy = FaultProxy::start(server.addr()).await.unwrap();
    let client = MultiDbClient::new(config(&proxy.url(), &secondary.url())).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let load = Load::start(&client, 4);
    for bytes in [0, 1, 3, 7] {
        sleep(Duration::from_millis(400)).await;
        proxy.control().cut_reply(bytes);
    }
    sleep(Duration::from_secs(1)).await;
    load.goes_on().await;
    let tally = load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
}
