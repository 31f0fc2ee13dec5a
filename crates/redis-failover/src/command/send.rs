use futures_util::future::BoxFuture;
use redis::{
    ErrorKind, Pipeline, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

use super::{Call, Command};
use crate::in_box::in_box;

/// Runs a command on a connection; the reply to a pipeline is a [`Value::Array`].
///
/// This goes through redis-rs's own unboxed methods, so a command costs no allocation beyond theirs.
///
/// # Errors
///
/// Only transport errors and `EXECABORT`: other server errors come *inside* `Ok`, as `Value::ServerError`.
///
/// # Cancellation
///
/// Dropping the future is safe for the connection. A command already written still runs.
pub async fn send(mut connection: MultiplexedConnection, command: Command<'_>) -> RedisResult<Value> {
    match command.call {
        Call::Single(command) => connection.send_packed_command(&command).await,
        Call::Pipeline { pipeline, offset, count } => {
            send_pipeline(&mut connection, &pipeline, offset, count).await
        }
    }
}

/// [`send_boxed`], as a type.
pub type SendBoxed = for<'a> fn(MultiplexedConnection, Command<'a>) -> BoxFuture<'a, RedisResult<Value>>;

/// As [`send`], with redis-rs's future on the heap.
///
/// It is more than a kilobyte large, and every layer above would move it on the way of each call, which costs several
/// times what the box does. So there is one allocation here, and none above for a stack whose type is known.
///
/// # Errors
///
/// As [`send`].
///
/// # Cancellation
///
/// As [`send`].
pub fn send_boxed<'a>(
    mut connection: MultiplexedConnection,
    command: Command<'a>,
) -> BoxFuture<'a, RedisResult<Value>> {
    match command.call {
        Call::Single(command) => in_box(|| async move { connection.send_packed_command(&command).await }),
        Call::Pipeline { pipeline, offset, count } => {
            in_box(|| async move { send_pipeline(&mut connection, &pipeline, offset, count).await })
        }
    }
}

async fn send_pipeline(
    connection: &mut MultiplexedConnection,
    pipeline: &Pipeline,
    offset: usize,
    count: usize,
) -> RedisResult<Value> {
    refuse_empty(pipeline)?;
    connection.send_packed_commands(pipeline, offset, count).await.map(Value::Array)
}

/// A command without words has no reply, and those of all calls after it would go to the wrong ones.
fn refuse_empty(pipeline: &Pipeline) -> RedisResult<()> {
    if pipeline.cmd_iter().all(|command| command.args_iter().next().is_some()) {
        Ok(())
    } else {
        Err((ErrorKind::Client, "empty command").into())
    }
}

/// As [`send`], on a connection of any kind, with the boxes that its trait demands.
pub(crate) async fn send_through(
    connection: &mut impl ConnectionLike,
    command: &Command<'_>,
) -> RedisResult<Value> {
    match &command.call {
        Call::Single(command) => connection.req_packed_command(command).await,
        Call::Pipeline { pipeline, offset, count } => {
            refuse_empty(pipeline)?;
            connection.req_packed_commands(pipeline, *offset, *count).await.map(Value::Array)
        }
    }
}

/// A function such as [`send`], with its future as an associated type.
///
/// The future of an `async fn` that borrows has no name, and a `for<'a> Service<Command<'a>>` must give its
/// future a type: this trait does. Name it for every lifetime, and pass a function, not a closure:
///
/// ```
/// use std::task::{Context, Poll};
/// use redis::{RedisError, Value, aio::MultiplexedConnection};
/// use redis_failover::command::{Command, SendCommand, send};
/// use tower_service::Service;
///
/// struct Connection<F> {
///     connection: MultiplexedConnection,
///     send: F,
/// }
///
/// impl<'a, F: SendCommand<'a>> Service<Command<'a>> for Connection<F> {
///     type Response = Value;
///     type Error = RedisError;
///     type Future = F::Future; // not boxed
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RedisError>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, command: Command<'a>) -> F::Future {
///         self.send.send(self.connection.clone(), command)
///     }
/// }
///
/// fn serves_every_lifetime(connection: MultiplexedConnection) -> impl for<'a> Service<Command<'a>> {
///     Connection { connection, send }
/// }
/// ```
pub trait SendCommand<'a> {
    /// Resolves to the reply.
    type Future: Future<Output = RedisResult<Value>> + Send;

    /// Runs `command` on `connection`.
    fn send(&self, connection: MultiplexedConnection, command: Command<'a>) -> Self::Future;
}

impl<'a, F, Fut> SendCommand<'a> for F
where
    F: Fn(MultiplexedConnection, Command<'a>) -> Fut,
    Fut: Future<Output = RedisResult<Value>> + Send,
{
    type Future = Fut;

    fn send(&self, connection: MultiplexedConnection, command: Command<'a>) -> Fut {
        self(connection, command)
    }
}
