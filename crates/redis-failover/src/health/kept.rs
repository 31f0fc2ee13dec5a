//! A check's own connection, and what its errors say.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{Cmd, RedisResult, Value};
use tower_failover::{Health, Probe, availability::Evidence};

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

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks on the kept connection. If that is lost, which says nothing of the database yet, it asks again on
    /// a new one (B17).
    pub(super) async fn ask(&self, probe: Probe, question: &Cmd, judge: impl Fn(&Value) -> Health) -> Health {
        let kept = self.slot().take();
        if let Some(dialled) = kept
            && let Ok(answer) = self.ask_on(dialled, question).await
        {
            return judge(&answer);
        }
        let answer = match self.endpoint.dial(Some(probe.timeout)).await {
            Ok(dialled) => self.ask_on(dialled, question).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => judge(&answer),
            Err(error) => Health::Unhealthy(evidence(ReplyClass::of(Err(&error), Shape::Single), &error)),
        }
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

/// What an error of this class tells of the database.
pub(super) fn evidence(class: ReplyClass, error: &dyn Error) -> Evidence {
    match class {
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
