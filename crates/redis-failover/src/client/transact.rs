//! Transactions of a client.

use redis::aio::ConnectionLike;
use redis::{FromRedisValue, Pipeline, RedisResult, ToRedisArgs};

use super::MultiDbClient;
use super::in_flight::InFlight;
use crate::adapter::StackConnection;
use crate::error::Error;
use crate::transaction::{self, Place, Transaction, TransactionConnection, TransactionSettings};

impl MultiDbClient {
    /// Runs a transaction on the active database: watches `keys`, lets `build` read on a connection of its own and
    /// return a pipeline, and executes that if nobody has changed the keys meanwhile; otherwise it begins again. See
    /// [its module](crate::transaction).
    ///
    /// `build` is given that connection and an empty atomic pipeline. With `None` it decides to stop, and `None` is the
    /// answer; its error is the transaction's, unless the database was left or lost meanwhile: then it runs again.
    ///
    /// ```no_run
    /// use redis::AsyncCommands;
    ///
    /// # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
    /// let doubled: Option<(i64,)> = client
    ///     .transaction("counter", |mut connection, mut pipeline| async move {
    ///         let value: i64 = connection.get("counter").await?;
    ///         pipeline.set("counter", value * 2).ignore().get("counter");
    ///         Ok(Some(pipeline))
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::TransactionConflict`] if the keys were changed again and again; [`Error::MayHaveBeenApplied`] if the
    /// database was lost, or did not answer in time, after the pipeline was sent; [`Error::Redis`] if the server refused
    /// the pipeline, or a reply is not what the caller wants: then it may have been executed. All others say that nothing
    /// was applied.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection and ends the watch. A pipeline that was sent may still be executed.
    pub async fn transaction<K, T, F, Fut>(&self, keys: K, build: F) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(TransactionConnection, Pipeline) -> Fut,
        Fut: Future<Output = RedisResult<Option<Pipeline>>>,
    {
        self.transaction_with(TransactionSettings::default(), keys, build).await
    }

    /// As [`transaction`](Self::transaction), with other than the default settings.
    ///
    /// # Errors
    /// As [`transaction`](Self::transaction).
    pub async fn transaction_with<K, T, F, Fut>(
        &self,
        settings: TransactionSettings,
        keys: K,
        build: F,
    ) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(TransactionConnection, Pipeline) -> Fut,
        Fut: Future<Output = RedisResult<Option<Pipeline>>>,
    {
        let _call = InFlight::enter(&self.shared)?;
        let running = self.running().await?;
        let place = Place {
            stack: StackConnection::new(running.stack.clone(), running.number()),
            route: &running.route,
            databases: &running.databases,
            chance: &running.chance,
        };
        let transaction = Transaction {
            watch: redis::cmd("WATCH").arg(keys).take(),
            settings,
            limit: self.options().time_limit(),
            database: self.get_db(),
        };
        transaction::run(transaction, place, build).await
    }
}
