//! A command through everything but a connection: the client, over services of one's own that answer at the second
//! look.

use std::future::{Future, ready};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, RedisError, Value, cmd, pipe};
use redis_failover::{Command, DatabaseConfig, MultiDbClient, MultiDbConfig};
use tower_service::Service;

use super::{Piece, Work, finish, runtime};

pub(super) const PIECES: [Piece; 2] = [
    Piece::new("GET through the client", || {
        let get = get();
        through(move |client| black_box(finish(client.req_packed_command(&get))).is_ok())
    }),
    Piece::new("pipeline of 100 through the client", || {
        let mut pipeline = pipe();
        for _ in 0..100 {
            pipeline.add_command(get());
        }
        through(move |client| black_box(finish(client.req_packed_commands(&pipeline, 0, 100))).is_ok())
    }),
];

fn get() -> Cmd {
    let mut get = cmd("GET");
    get.arg("session:4711");
    get
}

fn through(mut command: impl FnMut(&mut MultiDbClient) -> bool + 'static) -> Work {
    let runtime = runtime();
    let mut client = runtime.block_on(async {
        let databases = [("active", 1.0), ("standby", 0.5)]
            .map(|(name, weight)| DatabaseConfig::from_service(name, Answering).weight(weight));
        let client = MultiDbClient::new(MultiDbConfig::new(databases)).expect("a valid configuration");
        client.connect(Duration::from_secs(60)).await.expect("two services that answer");
        client
    });
    Box::new(move |calls| {
        let _within = runtime.enter();
        for _ in 0..calls {
            assert!(command(&mut client), "a command failed");
        }
    })
}

/// Answers every command, and health checks as they wish.
#[derive(Clone, Copy)]
struct Answering;

impl<'a> Service<Command<'a>> for Answering {
    type Response = Value;
    type Error = RedisError;
    type Future = Pin<Box<dyn Future<Output = Result<Value, RedisError>> + Send + 'a>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RedisError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, command: Command<'a>) -> Self::Future {
        let answer = match command.is_pipeline() {
            true => Value::Array(Vec::new()),
            false if command.name() == "PING" => Value::SimpleString("PONG".into()),
            false => Value::Nil,
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            ready(Ok(answer)).await
        })
    }
}
