//! A check's own connection, and what its errors say.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::{Instant, timeout};
use tower_failover::{Health, Probe, availability::Evidence};

use crate::{
    classify::{ReplyClass, Shape, has_no_room, misconfigured},
    connection::{Dialled, Endpoint, Refusals},
};

/// A connection that is kept from one probe to the next, and shared by clones of a check.
///
/// A probe takes it out while it uses it. So one that hangs, or is given up, takes its connection with it, and
/// the next dials afresh.
///
/// Where the server has no room for it, probes go over the connection of the calls, and dial at the pace of refusals
/// (B36). Where calls have none, they get this one.
#[derive(Clone, Debug)]
pub(super) struct KeptConnection {
    endpoint: Endpoint,
    kept: Arc<Mutex<Option<Dialled>>>,
    refusals: Arc<Mutex<Refusals>>,
}

impl KeptConnection {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, kept: Arc::default(), refusals: Arc::default() }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks on the kept connection. If that is lost, or has answered nothing in half of the probe's time, which says
    /// nothing of the database yet, it asks on a new one (B17). The first answer counts, and only the new one's
    /// failure does.
    ///
    /// Where calls have no connection and are refused a new one, what was kept proves nothing: only a dial does.
    pub(super) async fn ask(&self, probe: Probe, question: &Cmd, judge: impl Fn(&Value) -> Health) -> Health {
        let kept = self.slot().take().filter(|_| !self.endpoint.is_shut());
        let Some(dialled) = kept else { return self.ask_without(probe, question, judge).await };
        let mut on_kept = pin!(self.ask_on(dialled, question, &judge));
        match timeout(probe.timeout / 2, &mut on_kept).await {
            Ok(Ok(health)) => health,
            Ok(Err(_)) => self.ask_anew(probe, question, &judge).await,
            // It may be slow, or a router between may have forgotten the connection.
            Err(_) => tokio::select! {
                biased;
                Ok(health) = on_kept => health,
                health = self.ask_anew(probe, question, &judge) => health,
            },
        }
    }

    /// Dials, unless there was no room a short while ago and calls have a connection that answers.
    async fn ask_without(&self, probe: Probe, question: &Cmd, judge: impl Fn(&Value) -> Health) -> Health {
        let may_have_room = self.refusals().admit(Instant::now()).is_ok();
        if !may_have_room
            // Silence says nothing of the database yet, as on a kept one.
            && let Ok(Some(answer)) = timeout(probe.timeout / 2, self.ask_established(question)).await
        {
            return judge(&answer);
        }
        self.ask_anew(probe, question, judge).await
    }

    async fn ask_anew(&self, probe: Probe, question: &Cmd, judge: impl Fn(&Value) -> Health) -> Health {
        let error = match self.endpoint.dial(Some(probe.timeout)).await {
            Ok(dialled) => {
                self.refusals().forget();
                match self.ask_on(dialled, question, &judge).await {
                    Ok(health) => return health,
                    Err(error) => error,
                }
            }
            Err(error) => match self.ask_in_its_place(&error, question).await {
                Some(answer) => {
                    return match (judge(&answer), misconfigured(&error)) {
                        (Health::Healthy, Some(detail)) => Health::Misconfigured(detail),
                        (health, _) => health,
                    };
                }
                None => error,
            },
        };
        Health::Unhealthy(evidence(&error))
    }

    /// What is answered to calls, where a dial was turned away: there was no room, or we are refused as we are
    /// configured. That says nothing of what was connected before.
    async fn ask_in_its_place(&self, error: &RedisError, question: &Cmd) -> Option<Value> {
        let has_no_room = has_no_room(error);
        if !has_no_room && misconfigured(error).is_none() {
            return None;
        }
        let answer = self.ask_established(question).await?;
        if has_no_room {
            self.refusals().refused(error, Instant::now());
        }
        Some(answer)
    }

    /// Asks on the connection that calls run on: as long as that answers, nobody has to go (B14, B36).
    async fn ask_established(&self, question: &Cmd) -> Option<Value> {
        self.endpoint.established()?.send_packed_command(question).await.ok()
    }

    /// Only a connection to a server that is well is worth something to calls.
    async fn ask_on(
        &self,
        mut dialled: Dialled,
        question: &Cmd,
        judge: impl Fn(&Value) -> Health,
    ) -> RedisResult<Health> {
        let health = judge(&dialled.connection.send_packed_command(question).await?);
        let is_well = matches!(health, Health::Healthy);
        let kept = if is_well { self.endpoint.give_up(dialled) } else { Some(dialled) };
        if kept.is_some() {
            *self.slot() = kept;
        }
        Ok(health)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Dialled>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an error tells of the database.
pub(super) fn evidence(error: &RedisError) -> Evidence {
    match ReplyClass::of(Err(error), Shape::Single) {
        ReplyClass::TimedOut => Evidence::TimedOut,
        ReplyClass::Unreachable | ReplyClass::ConnectionLost => {
            Evidence::Unreachable(error.to_string().into())
        }
        _ => match misconfigured(error) {
            Some(detail) => Evidence::Misconfigured(detail),
            None => Evidence::Answered(error.to_string().into()),
        },
    }
}

/// A reply that a healthy database does not give.
pub(super) fn unfit(reply: &Value) -> Health {
    if let Value::ServerError(error) = reply
        && let Some(detail) = misconfigured(&error.clone().into())
    {
        return Health::Unhealthy(Evidence::Misconfigured(detail));
    }
    let said = match &reply {
        Value::ServerError(error) => match error.details() {
            Some(details) => format!("{} {details}", error.code()),
            None => error.code().to_owned(),
        },
        _ => "an unexpected reply".to_owned(),
    };
    Health::Unhealthy(Evidence::Answered(said.into()))
}
