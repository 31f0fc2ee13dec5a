//! Transactions that watch keys, for closures without `async`.

use std::fmt;
use std::future::ready;
use std::time::Duration;

use redis::aio::ConnectionLike as _;
use redis::{Cmd, ConnectionLike, FromRedisValue, Pipeline, RedisResult, ToRedisArgs, Value};
use tokio::time::Instant;

use super::{MultiDbClient, connection::packed_commands, packed, park};
use crate::command::Command;
use crate::error::Error;
use crate::transaction::{self, TransactionSettings};

impl MultiDbClient {
    /// Runs a transaction on the active database: watches `keys`, lets `build` read on a connection of its own and
    /// return a pipeline, and executes that if nobody has changed the keys meanwhile; otherwise it begins again. See
    /// [its module](crate::transaction).
    ///
    /// `build` is given that connection and an empty atomic pipeline. With `None` it decides to stop, and `None` is the
    /// answer; its error is the transaction's, unless the database was left or lost meanwhile: then it runs again.
    ///
    /// ```no_run
    /// use redis::Commands;
    ///
    /// # fn run(client: redis_failover::blocking::MultiDbClient) -> Result<(), redis_failover::Error> {
    /// let doubled: Option<(i64,)> = client.transaction("counter", |connection, mut pipeline| {
    ///     let value: i64 = connection.get("counter")?;
    ///     pipeline.set("counter", value * 2).ignore().get("counter");
    ///     Ok(Some(pipeline))
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// A deadline of [`with`](Self::with) ends the waits of `build`'s connection too, but nothing else that `build`
    /// does; when it is up before the pipeline is sent, nothing is.
    ///
    /// # Errors
    /// As the [async client's](crate::MultiDbClient::transaction); [`Error::NoThread`] and [`Error::WouldDeadlock`].
    ///
    /// # Panics
    /// A panic of `build` goes to the caller. It ends the connection and the watch, and nothing was applied.
    pub fn transaction<K, T, F>(&self, keys: K, build: F) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(&mut TransactionConnection, Pipeline) -> RedisResult<Option<Pipeline>>,
    {
        self.transaction_with(TransactionSettings::default(), keys, build)
    }

    /// As [`transaction`](Self::transaction), with other than the default settings.
    ///
    /// # Errors
    /// As [`transaction`](Self::transaction).
    pub fn transaction_with<K, T, F>(
        &self,
        settings: TransactionSettings,
        keys: K,
        mut build: F,
    ) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(&mut TransactionConnection, Pipeline) -> RedisResult<Option<Pipeline>>,
    {
        let limit = self.client.options().time_limit();
        let deadline = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        // The closure runs on this thread, within the background's context, as all of a call does.
        let build = |connection, pipeline| {
            ready(build(&mut TransactionConnection { connection, deadline }, pipeline))
        };
        self.background.run(self.client.transaction_with(settings, keys, build))
    }
}

/// The connection on which the closure of a [`transaction`](MultiDbClient::transaction) reads what it watches.
///
/// It is a redis-rs connection to one database, and to no other. Commands that would change it are refused with
/// [`Error::ConnectionState`], and so are atomic pipelines, which would end the watch: return them from the closure.
/// Once the database is no longer the active one, its calls fail, and the closure is run again elsewhere.
pub struct TransactionConnection {
    connection: transaction::TransactionConnection,
    deadline: Option<(Instant, Duration)>,
}

impl TransactionConnection {
    fn call(&self, command: Command<'_>) -> Result<Value, Error> {
        let Some((deadline, limit)) = self.deadline else {
            return park::block_on(self.connection.call(command));
        };
        let reply = park::block_on_until(Some(deadline), self.connection.call(command));
        reply.unwrap_or(Err(Error::TimedOut(limit)))
    }
}

impl ConnectionLike for TransactionConnection {
    fn req_packed_command(&mut self, bytes: &[u8]) -> RedisResult<Value> {
        self.req_command(&packed::command(bytes)?)
    }

    fn req_packed_commands(&mut self, bytes: &[u8], offset: usize, count: usize) -> RedisResult<Vec<Value>> {
        packed_commands(bytes, offset, count, |command| self.call(command))
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        Ok(self.call(Command::from(command))?)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }

    /// Whether its database answers.
    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").query::<String>(self).is_ok()
    }

    /// Whether the attempt can still succeed.
    fn is_open(&self) -> bool {
        self.connection.is_open()
    }
}

impl fmt::Debug for TransactionConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(f)
    }
}
