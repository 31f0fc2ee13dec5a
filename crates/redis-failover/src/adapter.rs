//! A redis-rs connection over any Tower stack.

use std::fmt;
use std::future::poll_fn;

use futures_util::future::BoxFuture;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};
use tower_service::Service;

use crate::command::Command;
use crate::error::Error;
use crate::reply::Reply;

/// Gives any stack of [`Command`]s redis-rs's [`ConnectionLike`], and with it `AsyncCommands`, pipelines and scripts.
///
/// The stack's type is erased here, once, at the box that `ConnectionLike` demands anyway; below, no future is boxed.
///
/// # Clone
/// Clones the stack.
pub struct StackConnection {
    stack: Box<dyn ErasedStack>,
    database: i64,
}

/// What is needed of a stack, whatever its type.
trait ErasedStack: Send + Sync {
    fn call<'a>(&'a mut self, command: Command<'a>) -> BoxFuture<'a, Result<Value, Error>>;
    fn clone_box(&self) -> Box<dyn ErasedStack>;
}

impl<S, E> ErasedStack for S
where
    S: for<'a> Service<Command<'a>, Response = Reply, Error = E, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    E: Into<Error> + Send,
{
    fn call<'a>(&'a mut self, command: Command<'a>) -> BoxFuture<'a, Result<Value, Error>> {
        Box::pin(run(self, command))
    }

    fn clone_box(&self) -> Box<dyn ErasedStack> {
        Box::new(self.clone())
    }
}

impl StackConnection {
    /// A connection over this stack; `database` is the number that redis-rs asks a connection for.
    pub fn new<S, E>(stack: S, database: i64) -> Self
    where
        S: for<'a> Service<Command<'a>, Response = Reply, Error = E, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        E: Into<Error> + Send,
    {
        Self { stack: Box::new(stack), database }
    }

    /// Runs a command, a pipeline, or whatever else a [`Command`] is.
    ///
    /// # Errors
    /// [`Error::ConnectionState`] for a command that would change the connection, of which nothing is sent (B50), and
    /// what the stack fails with; a server's error reply is a [`Value::ServerError`] inside `Ok`, as redis-rs has it.
    pub fn call<'a>(&'a mut self, command: Command<'a>) -> BoxFuture<'a, Result<Value, Error>> {
        self.stack.call(command)
    }
}

/// Runs a command through a stack whose type is known.
///
/// # Errors
/// As [`StackConnection::call`].
#[expect(
    clippy::manual_async_fn,
    reason = "the future of an `async fn` would have room for the command twice"
)]
#[inline]
fn run<'a, S>(stack: &mut S, mut command: Command<'a>) -> impl Future<Output = Result<Value, Error>>
where
    S: Service<Command<'a>, Response = Reply, Error: Into<Error>>,
{
    async move {
        command.admit()?;
        poll_fn(|context| stack.poll_ready(context)).await.map_err(Into::into)?;
        stack.call(command).await.map(|reply| reply.value).map_err(Into::into)
    }
}

/// The replies of a pipeline, as redis-rs's trait wants them.
pub(crate) fn replies(reply: Value) -> Result<Vec<Value>, redis::RedisError> {
    match reply {
        Value::Array(replies) => Ok(replies),
        Value::ServerError(error) => Err(error.into()),
        reply => Ok(vec![reply]),
    }
}

impl ConnectionLike for StackConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move { Ok(self.call(Command::from(command)).await?) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move { replies(self.call(Command::pipeline(pipeline, offset, count)).await?) })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}

impl Clone for StackConnection {
    fn clone(&self) -> Self {
        Self { stack: self.stack.clone_box(), database: self.database }
    }
}

impl fmt::Debug for StackConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackConnection").field("database", &self.database).finish_non_exhaustive()
    }
}
