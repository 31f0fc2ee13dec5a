//! From one attempt to the next.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::time::{Duration, Instant, sleep, timeout_at};

#[cfg(feature = "cluster")]
use super::attempt::slot_to_watch;
use super::attempt::{Attempt, TransactionConnection, is_lost};
use super::{Place, TransactionSettings};
use crate::classify::{ReplyClass, Shape};
use crate::command::Command;
use crate::connection::ConnectionError;
use crate::error::Error;
use crate::reply::class_of;

/// What a caller wants, but for the closure.
pub(crate) struct Transaction {
    /// With the keys; none may be there.
    pub(crate) watch: Cmd,
    pub(crate) settings: TransactionSettings,
    /// For the whole of it.
    pub(crate) limit: Option<Duration>,
    /// The number that redis-rs asks a connection for.
    pub(crate) database: i64,
}

/// How an attempt ended.
enum End<T> {
    /// Executed, or given up by the closure.
    Over(Option<T>),
    /// Others changed what it watched.
    Conflict,
    /// Nothing was applied, and the database may be gone.
    Lost(Error),
    Failed(Error),
}

/// What the closure made of an attempt.
enum Built {
    Pipeline(Arc<Attempt>, Pipeline),
    Stopped,
}

/// Attempts it until it is executed, or there is a reason to stop.
pub(crate) async fn run<T, F, Fut>(
    transaction: Transaction,
    mut place: Place<'_>,
    mut build: F,
) -> Result<Option<T>, Error>
where
    T: FromRedisValue,
    F: FnMut(TransactionConnection, Pipeline) -> Fut,
    Fut: Future<Output = RedisResult<Option<Pipeline>>>,
{
    let deadline = transaction.limit.map(|limit| (Instant::now() + limit, limit));
    let attempts = transaction.settings.attempts;
    let mut failed = Error::TransactionConflict { attempts };
    let mut in_doubt = false;
    for attempt in 0..attempts {
        let built = async {
            if let Some(repeat) = attempt.checked_sub(1) {
                sleep(transaction.settings.backoff.delay(repeat, place.chance)).await;
            }
            prepare(&transaction, &mut place, in_doubt, &mut build).await
        };
        let end = match within(deadline, built).await {
            Ok(Built::Pipeline(attempt, pipeline)) => execute(attempt, pipeline, deadline).await,
            Ok(Built::Stopped) => End::Over(None),
            Err(end) => end,
        };
        (in_doubt, failed) = match end {
            End::Over(value) => return Ok(value),
            End::Failed(error) => return Err(error),
            End::Conflict => (false, Error::TransactionConflict { attempts }),
            End::Lost(error) => (true, error),
        };
    }
    Err(failed)
}

/// All that comes before `MULTI`. Dropping it ends the connection.
async fn prepare<T, F, Fut>(
    transaction: &Transaction,
    place: &mut Place<'_>,
    in_doubt: bool,
    build: &mut F,
) -> Result<Built, End<T>>
where
    F: FnMut(TransactionConnection, Pipeline) -> Fut,
    Fut: Future<Output = RedisResult<Option<Pipeline>>>,
{
    let (dedicated, beside) = match place.active(in_doubt).await {
        Ok(dedicated) => dedicated,
        Err(error @ Error::DatabaseLeft) => return Err(End::Lost(error)),
        Err(error) => return Err(End::Failed(error)),
    };
    #[cfg(feature = "cluster")]
    let slot = slot_to_watch(&dedicated, &Command::from(&transaction.watch)).map_err(End::Failed)?;
    // Only clusters have slots.
    #[cfg(not(feature = "cluster"))]
    let slot = None;
    let attempt = Attempt::begin(&dedicated, beside, slot).await.map_err(not_applied)?;
    watch(&transaction.watch, &attempt).await?;

    let mut pipeline = Pipeline::new();
    pipeline.atomic();
    let built = build(TransactionConnection::new(&attempt, transaction.database), pipeline).await;
    if attempt.is_lost() {
        // Whatever the closure made of it; unless it has had enough by itself.
        return match built {
            Ok(None) => Ok(Built::Stopped),
            Ok(Some(_)) => Err(End::Lost(Error::DatabaseLeft)),
            Err(error) => Err(End::Lost(from_redis(error))),
        };
    }
    let built = match built {
        Ok(Some(mut pipeline)) => {
            pipeline.atomic();
            let admitted = Command::pipeline(&pipeline, 0, 0).admitted().map_err(Error::from);
            match admitted.and_then(|command| Ok(attempt.check_slot(&command)?)) {
                Ok(()) => return Ok(Built::Pipeline(attempt, pipeline)),
                Err(error) => Err(End::Failed(error)),
            }
        }
        Ok(None) => Ok(Built::Stopped),
        Err(error) => Err(End::Failed(from_redis(error))),
    };
    attempt.unwatch().await;
    built
}

async fn watch<T>(watch: &Cmd, attempt: &Attempt) -> Result<(), End<T>> {
    if watch.args_iter().count() == 1 {
        return Ok(());
    }
    match attempt.run(&Command::from(watch)).await.map_err(not_applied)? {
        Value::ServerError(error) => {
            let reply = Value::ServerError(error.clone());
            let class = ReplyClass::of(Ok(&reply), Shape::Single);
            let is_lost = class.is_failure() || attempt.was_redirected(Ok(&reply));
            let error = Error::Redis(Arc::new(error.into()));
            Err(if is_lost { End::Lost(error) } else { End::Failed(error) })
        }
        _ => Ok(()),
    }
}

/// From `MULTI` to `EXEC`'s answer.
async fn execute<T: FromRedisValue>(
    attempt: Arc<Attempt>,
    pipeline: Pipeline,
    deadline: Option<(Instant, Duration)>,
) -> End<T> {
    if attempt.is_lost() {
        return End::Lost(Error::DatabaseLeft);
    }
    let limit = attempt.response_timeout();
    let limit = match deadline {
        Some((deadline, whole)) => match deadline.saturating_duration_since(Instant::now()) {
            // The closure has blocked until now.
            Duration::ZERO => return End::Failed(Error::TimedOut(whole)),
            left => limit.min(left),
        },
        None => limit,
    };
    let reply = attempt.execute(&pipeline, limit).await;
    if attempt.was_redirected(reply.as_ref()) {
        // The server has discarded it, and with it the watch.
        return End::Lost(Error::DatabaseLeft);
    }
    match reply {
        Ok(Value::Array(replies)) => {
            attempt.end();
            match &replies[..] {
                [Value::Nil] => End::Conflict,
                _ => answered(&pipeline, replies).await,
            }
        }
        Ok(_) => in_doubt(&attempt, None),
        Err(error) => match class_of(&error) {
            ReplyClass::Unreachable | ReplyClass::ConnectionLost | ReplyClass::TimedOut => {
                in_doubt(&attempt, Some(Arc::new(error.into())))
            }
            // The server has discarded it, and with it the watch.
            ReplyClass::Aborted(_) => End::Lost(error.into()),
            _ => End::Failed(error.into()),
        },
    }
}

fn in_doubt<T>(attempt: &Attempt, cause: Option<Arc<Error>>) -> End<T> {
    attempt.was_ambiguous();
    End::Failed(Error::MayHaveBeenApplied(cause))
}

/// The replies as redis-rs turns them into what the caller wants.
async fn answered<T: FromRedisValue>(pipeline: &Pipeline, replies: Vec<Value>) -> End<T> {
    struct Answered(Vec<Value>);
    impl ConnectionLike for Answered {
        fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
            Box::pin(async { Ok(Value::Nil) })
        }

        fn req_packed_commands<'a>(
            &'a mut self,
            _: &'a Pipeline,
            _: usize,
            _: usize,
        ) -> RedisFuture<'a, Vec<Value>> {
            Box::pin(async { Ok(std::mem::take(&mut self.0)) })
        }

        fn get_db(&self) -> i64 {
            0
        }
    }
    match pipeline.query_async(&mut Answered(replies)).await {
        Ok(value) => End::Over(Some(value)),
        Err(error) => End::Failed(Error::Redis(Arc::new(error))),
    }
}

fn not_applied<T>(error: ConnectionError) -> End<T> {
    if is_lost(&error) { End::Lost(error.into()) } else { End::Failed(error.into()) }
}

fn from_redis(error: RedisError) -> Error {
    Error::of(&error).cloned().unwrap_or_else(|| Error::Redis(Arc::new(error)))
}

/// Nothing is sent that could be applied, so that the time may be up at any moment.
async fn within<T, B>(
    deadline: Option<(Instant, Duration)>,
    built: impl Future<Output = Result<B, End<T>>>,
) -> Result<B, End<T>> {
    match deadline {
        None => built.await,
        Some((deadline, limit)) => {
            timeout_at(deadline, built).await.unwrap_or_else(|_| Err(End::Failed(Error::TimedOut(limit))))
        }
    }
}
