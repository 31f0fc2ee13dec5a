//! One call of each kind. Each has its number in its payload, so that a reply shows whose it is.

use futures_util::FutureExt;
use redis::{FromRedisValue, RedisError, RedisResult, cmd, pipe};
use redis_failover::{Error, MultiDbClient};

use crate::simulation::{
    history::{Kind, Outcome},
    plan::server_of,
    server::{CALL, WHO},
};

/// How many counters transactions share.
const COUNTERS: u64 = 2;
/// How long a pop waits, in seconds.
const POP_FOR: &str = "0.2";

/// The counter that a transaction adds to.
#[must_use]
pub fn counter_of(id: u64) -> u64 {
    id % COUNTERS
}

/// Makes a call, and says how it ended.
pub(super) async fn call(mut client: MultiDbClient, id: u64, kind: Kind) -> Outcome {
    let key = format!("{CALL}{id}");
    match kind {
        Kind::Echo => {
            let reply = cmd("ECHO").arg(&key).query_async::<String>(&mut client).await;
            outcome(reply, |reply| (reply == key, None, reply))
        }
        Kind::Set => {
            let reply = cmd("SET").arg(&key).arg(id).query_async::<String>(&mut client).await;
            outcome(reply, |reply| (reply == "OK", None, reply))
        }
        Kind::Increment => {
            let reply = cmd("INCR").arg(&key).query_async::<u64>(&mut client).await;
            outcome(reply, |reply| (reply == 1, None, reply.to_string()))
        }
        Kind::Pipeline => {
            let mut pipeline = pipe();
            pipeline.cmd("ECHO").arg(&key).set(&key, id).get(WHO).cmd("ECHO").arg(&key);
            let reply = pipeline.query_async::<(String, String, Option<String>, String)>(&mut client).await;
            outcome(reply, |(first, set, who, last)| {
                let own = first == key && set == "OK" && last == key;
                (own, who.as_deref().and_then(server_of), format!("{first} {set} {last}"))
            })
        }
        Kind::Atomic => {
            let mut pipeline = pipe();
            pipeline.atomic().incr(&key, 1).get(WHO);
            let reply = pipeline.query_async::<(u64, Option<String>)>(&mut client).await;
            outcome(reply, |(count, who)| (count == 1, who.as_deref().and_then(server_of), count.to_string()))
        }
        // Boxed, as the call is: otherwise its type is deeper than the compiler goes.
        Kind::Transaction => transaction(&client, id, &key).boxed_local().await,
        Kind::Pop => {
            let list = format!("empty:{id}");
            let pop = cmd("BLPOP").arg(list).arg(POP_FOR).to_owned();
            let reply = pop.query_async::<Option<(String, String)>>(&mut client).await;
            outcome(reply, |reply| (reply.is_none(), None, format!("{reply:?}")))
        }
    }
}

/// Adds one to a shared counter that it has read and watched.
async fn transaction(client: &MultiDbClient, id: u64, key: &str) -> Outcome {
    let counter = format!("counter:{}", counter_of(id));
    let reply = client
        .transaction(&counter, |mut connection, mut pipeline| {
            let counter = &counter;
            async move {
                let value: Option<u64> = cmd("GET").arg(counter).query_async(&mut connection).await?;
                let next = value.unwrap_or(0) + 1;
                pipeline.set(counter, next).ignore().rpush("transactions", key).ignore();
                pipeline.get(counter).get(WHO);
                Ok(Some(pipeline))
            }
        })
        .await;
    let reply: RedisResult<Option<(u64, Option<String>)>> = reply.map_err(RedisError::from);
    outcome(reply, |reply| match reply {
        Some((count, who)) => (count > 0, who.as_deref().and_then(server_of), count.to_string()),
        None => (false, None, "nothing".to_owned()),
    })
}

/// What became of a call: `own` says of a reply whether it is the call's own, who gave it, and what it is.
fn outcome<T: FromRedisValue>(
    reply: RedisResult<T>,
    own: impl FnOnce(T) -> (bool, Option<usize>, String),
) -> Outcome {
    match reply {
        Ok(reply) => {
            let (own, by, reply) = own(reply);
            Outcome::Answered { own, by, reply }
        }
        Err(error) => match Error::of(&error) {
            Some(Error::MayHaveBeenApplied(_)) => Outcome::Ambiguous(error.to_string()),
            _ if error.kind() == redis::ErrorKind::UnexpectedReturnType => {
                Outcome::Answered { own: false, by: None, reply: error.to_string() }
            }
            _ => Outcome::Failed(error.to_string()),
        },
    }
}
