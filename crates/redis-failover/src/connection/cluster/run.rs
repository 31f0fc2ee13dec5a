//! One call on redis-rs's cluster client.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use redis::{
    ErrorKind, Pipeline, RedisError, RedisResult, RetryMethod, ServerError, Value, aio::ConnectionLike,
    cluster_async::ClusterConnection,
};

use super::{
    Cluster,
    carried::Carried,
    node::Node,
    redirection::{is_redirected, is_redirection},
    scan,
    spread::is_spread,
};
use crate::{
    command::{Command, Slots, first_key, send_through, slot_of},
    connection::ConnectionError,
};

/// What a call needs of a cluster.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) connection: ClusterConnection<Node>,
    pub(super) cluster: Cluster,
}

/// Runs a call to its end, redirections and all.
pub(super) async fn run(mut client: Client, command: &Command<'_>) -> Result<Value, ConnectionError> {
    let Some(single) = command.single() else { return run_pipeline(client, command).await };
    let reply = match (command.routing(), scan::Scan::of(single)) {
        (Some(routing), _) => client.connection.route_command(single.clone(), routing.clone()).await,
        (None, Some(scan)) => return scan.run(client).await,
        (None, None) => send_through(&mut client.connection, command).await,
    };
    if is_spread(command) { reply.map_err(|error| failed(error).of_a_part()) } else { replied(reply) }
}

async fn run_pipeline(client: Client, command: &Command<'_>) -> Result<Value, ConnectionError> {
    if command.commands().any(scan::goes_on) {
        return Err(ConnectionError::ScanInterrupted);
    }
    match command.slots() {
        Slots::Several if command.is_atomic() => Err(ConnectionError::CrossSlot { command: command.name() }),
        Slots::Several => run_apart(client, command).await,
        _ if command.is_atomic() => run_atomic(client, command).await,
        _ => run_together(client, command).await,
    }
}

/// All commands are of one slot.
async fn run_together(mut client: Client, command: &Command<'_>) -> Result<Value, ConnectionError> {
    let error = match send_through(&mut client.connection, command).await {
        Ok(replies) => return Ok(replies),
        Err(error) => error,
    };
    let mut replies = partly_served(error)?;
    // Perhaps the slot is on its way from one node to another. What was served must not run again.
    for (command, reply) in command.commands().zip(&mut replies) {
        if is_redirection(reply) {
            let served = client.connection.req_packed_command(command).await;
            *reply = replied(served).map_err(ConnectionError::of_a_part)?;
        }
    }
    Ok(Value::Array(replies))
}

/// The replies to those commands that were served, and how the others were refused.
fn partly_served(error: RedisError) -> Result<Vec<Value>, ConnectionError> {
    match Carried::unwrap(error) {
        Ok(Carried::PartlyServed(replies)) => Ok(replies),
        Ok(carried) => Err(failed_with(carried)),
        Err(error) => Err(of_redis(error)),
    }
}

/// Nothing of it was applied if any of it was redirected; it is sent again once it is known where to.
async fn run_atomic(mut client: Client, command: &Command<'_>) -> Result<Value, ConnectionError> {
    let error = match send_through(&mut client.connection, command).await.or_else(whole) {
        Ok(replies) => return Ok(replies),
        Err(error) => error,
    };
    let keyed = command.commands().find(|command| slot_of(command).is_some());
    if let Some(keyed) = keyed.filter(|_| is_redirected(Err(&error))) {
        // Whatever it answers, redis-rs's client learns from a redirection of a single command.
        if let Some(key) = first_key(keyed) {
            let _ = client.connection.req_packed_command(redis::cmd("EXISTS").arg(key)).await;
        }
        return send_through(&mut client.connection, command).await.or_else(whole);
    }
    Err(error)
}

/// How what runs as one has failed: if it was refused, that is the reply to it.
fn whole(error: RedisError) -> Result<Value, ConnectionError> {
    partly_served(error).map(Value::Array)
}

/// Each slot's commands as a pipeline of their own, all at once; those without keys go with the first.
async fn run_apart(client: Client, command: &Command<'_>) -> Result<Value, ConnectionError> {
    let mut parts: BTreeMap<u16, (Pipeline, Vec<usize>)> = BTreeMap::new();
    let first = command.commands().find_map(slot_of).unwrap_or_default();
    for (place, command) in command.commands().enumerate() {
        let (pipeline, places) = parts.entry(slot_of(command).unwrap_or(first)).or_default();
        pipeline.add_command(command.clone());
        places.push(place);
    }
    let parts = parts.into_values().map(|(pipeline, places)| {
        let client = client.clone();
        async move { (run_together(client, &Command::from(Arc::new(pipeline))).await, places) }
    });
    let mut answers = join_all(parts).await;
    if answers.iter().all(|(answer, _)| matches!(answer, Err(ConnectionError::NotConnected(_)))) {
        // Nothing of it was sent.
        return answers.swap_remove(0).0;
    }
    let mut replies = vec![Value::Nil; command.commands().count()];
    for (answer, places) in answers {
        match answer {
            Ok(Value::Array(answers)) => {
                for (place, answer) in places.into_iter().zip(answers) {
                    replies[place] = answer;
                }
            }
            Ok(_) => {}
            Err(error) => {
                let refusal = in_place(error)?;
                for place in places {
                    replies[place] = refusal.clone();
                }
            }
        }
    }
    Ok(Value::Array(replies))
}

/// Whether redis-rs's client would send it again, and with it the whole pipeline that it is a part of.
pub(super) fn is_sent_again(reply: &Value) -> bool {
    let Value::ServerError(error) = reply else { return false };
    !matches!(RedisError::from(error.clone()).retry_method(), RetryMethod::NoRetry)
}

/// What one node answered, be it with an error, which is no error of the call.
pub(super) fn replied(reply: RedisResult<Value>) -> Result<Value, ConnectionError> {
    reply.or_else(|error| match ServerError::try_from(error) {
        Ok(refusal) => Ok(Value::ServerError(refusal)),
        Err(error) => Err(failed(error)),
    })
}

pub(super) fn failed(error: RedisError) -> ConnectionError {
    Carried::unwrap(error).map_or_else(of_redis, failed_with)
}

fn failed_with(carried: Carried) -> ConnectionError {
    match carried {
        Carried::NotSent(error) => ConnectionError::NotConnected(Arc::new(error)),
        Carried::Failed(error) => ConnectionError::Redis(error),
        // Of a single command there are no parts.
        Carried::PartlyServed(_) => ConnectionError::Closed,
    }
}

fn of_redis(error: RedisError) -> ConnectionError {
    match error.kind() {
        // Nobody was there to send it to.
        ErrorKind::ClusterConnectionNotFound => ConnectionError::NotConnected(Arc::new(error)),
        _ => ConnectionError::Redis(error),
    }
}

/// What a part of a pipeline was refused with, in the place of its replies: others may have been applied.
fn in_place(error: ConnectionError) -> Result<Value, ConnectionError> {
    match error {
        ConnectionError::Redis(error) => match ServerError::try_from(error) {
            Ok(refusal) => Ok(Value::ServerError(refusal)),
            Err(error) => Err(ConnectionError::Redis(error).of_a_part()),
        },
        error => Err(error.of_a_part()),
    }
}
