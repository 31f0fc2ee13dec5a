//! Calls that change something, each a key of its own: a server knows how often each was applied.

use redis::AsyncCommands;
use redis_failover::{Error, MultiDbClient};

use super::{Workload, told};
use crate::matrix::journal::Answer;

pub(super) async fn write(client: &mut MultiDbClient, number: u64) -> Result<Answer, Error> {
    client.set::<_, _, ()>(Workload::Writes.key(number), 1).await.map_err(told)?;
    Ok(Answer::of(number))
}

pub(super) async fn increment(client: &mut MultiDbClient, number: u64) -> Result<Answer, Error> {
    client.incr::<_, _, u64>(Workload::Increments.key(number), 1).await.map_err(told)?;
    Ok(Answer::of(number))
}

pub(super) async fn pipeline(client: &mut MultiDbClient, number: u64) -> Result<Answer, Error> {
    let key = Workload::Pipelines.key(number);
    let beside = format!("beside:{{{number}}}");
    let mut pipeline = redis::pipe();
    pipeline.set(&beside, number).ignore().incr(&key, 1).ignore().get(&beside);
    let (_,): (u64,) = pipeline.query_async(client).await.map_err(told)?;
    Ok(Answer::of(number))
}

pub(super) async fn transaction(client: &MultiDbClient, number: u64) -> Result<Answer, Error> {
    let key = &Workload::Transactions.key(number);
    let counted: Option<(u64,)> = client
        .transaction(key, |mut connection, mut pipeline| async move {
            let _: Option<u64> = connection.get(key).await?;
            pipeline.incr(key, 1);
            Ok(Some(pipeline))
        })
        .await?;
    Ok(counted.map_or(Answer::default(), |_| Answer::of(number)))
}
