//! A check's own connection, and what its errors say.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::timeout;
use tower_failover::{Health, availability::Evidence};

use crate::{
    classify::{ReplyClass, Shape},
    connection::{Dialled, Endpoint},
};

/// A connection that is kept from one probe to the next, and shared by clones of a check.
///
/// A probe takes it out while it uses it. So one that hangs, or is given up, takes its connection with it, and
/// the next dials afresh.
#[derive(Clone, Debug)]
pub(super) struct KeptConnection {
    endpoint: Endpoint,
    kept: Arc<Mutex<Option<Dialled>>>,
}

impl KeptConnection {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, kept: Arc::default() }
    }

    /// Asks on the kept connection. If that is lost, or has answered nothing in half of the `limit`, which says
    /// nothing of the database yet, it asks on a new one (B17). The first answer counts, and only the new one's
    /// failure does.
    pub(super) async fn ask(&self, question: &Cmd, limit: Duration) -> Result<Value, Health> {
        let kept = self.slot().take();
        let Some(dialled) = kept else { return self.ask_anew(question).await };
        let mut on_kept = pin!(self.ask_on(dialled, question));
        match timeout(limit / 2, &mut on_kept).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => self.ask_anew(question).await,
            // It may be slow, or a router between may have forgotten the connection.
            Err(_) => tokio::select! {
                biased;
                Ok(answer) = on_kept => Ok(answer),
                answer = self.ask_anew(question) => answer,
            },
        }
    }

    async fn ask_anew(&self, question: &Cmd) -> Result<Value, Health> {
        let answer = match self.endpoint.dial(None).await {
            Ok(dialled) => self.ask_on(dialled, question).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| Health::Unhealthy(evidence(&error)))
    }

    async fn ask_on(&self, mut dialled: Dialled, question: &Cmd) -> RedisResult<Value> {
        let answer = dialled.connection.send_packed_command(question).await?;
        *self.slot() = Some(dialled);
        Ok(answer)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Dialled>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn evidence(error: &RedisError) -> Evidence {
    match ReplyClass::of(Err(error), Shape::Single) {
        ReplyClass::TimedOut => Evidence::TimedOut,
        ReplyClass::Unreachable | ReplyClass::ConnectionLost => {
            Evidence::Unreachable(error.to_string().into())
        }
        _ => Evidence::Answered(error.to_string().into()),
    }
}

/// A reply that a healthy database does not give.
pub(super) fn unfit(reply: &Value) -> Health {
    let said = match &reply {
        Value::ServerError(error) => match error.details() {
            Some(details) => format!("{} {details}", error.code()),
            None => error.code().to_owned(),
        },
        _ => "an unexpected reply".to_owned(),
    };
    Health::Unhealthy(Evidence::Answered(said.into()))
}
