//! A queue: one caller fills it, the others wait at its other end.

use std::time::Duration;

use redis::{AsyncCommands, Direction};
use redis_failover::{Error, MultiDbClient};
use tokio::time::sleep;

use super::told;
use crate::matrix::journal::Answer;

/// Where numbers wait.
pub(crate) const QUEUE: &str = "{queue}:waiting";
/// Where they go when they were taken.
pub(crate) const DONE: &str = "{queue}:done";

/// The place of the one that fills it.
pub(super) const PRODUCER: usize = 0;
/// So seldom that the others have to wait.
const PAUSE: Duration = Duration::from_millis(10);
/// How long they wait at most, in seconds.
const LONGEST: f64 = 0.5;

pub(super) async fn push(client: &mut MultiDbClient, number: u64) -> Result<Answer, Error> {
    client.rpush::<_, _, u64>(QUEUE, number).await.map_err(told)?;
    sleep(PAUSE).await;
    Ok(Answer::of(number))
}

pub(super) async fn pull(client: &mut MultiDbClient) -> Result<Answer, Error> {
    let moved = client.blmove(QUEUE, DONE, Direction::Left, Direction::Right, LONGEST);
    let number: Option<u64> = moved.await.map_err(told)?;
    Ok(Answer { tells_of: number, from: None })
}
