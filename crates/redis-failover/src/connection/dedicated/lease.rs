//! One connection in the hands of one call.

use std::convert::Infallible;
use std::io;

use redis::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, Instant, sleep};

use super::super::{Address, ConnectionError, Dialled, Endpoint};
use super::Dedicated;
use crate::command::{Blocking, Command, send};
use crate::reply::class_of;

/// A connection that nobody else uses. Dropping it closes the connection, and with it whatever was sent and not
/// answered; [`give_back`](Self::give_back) keeps it for the next call.
pub(crate) struct Lease {
    dedicated: Dedicated,
    /// Where it leads.
    endpoint: Endpoint,
    id: u64,
    /// `None` once it is given back.
    held: Option<(Dialled, OwnedSemaphorePermit)>,
}

impl Lease {
    pub(super) fn new(
        dedicated: Dedicated,
        endpoint: Endpoint,
        dialled: Dialled,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, ConnectionError> {
        let id = dedicated.pool().lease(dialled.closer()).ok_or(ConnectionError::Closed)?;
        Ok(Self { dedicated, endpoint, id, held: Some((dialled, permit)) })
    }

    /// Runs a command within its own timeout argument, if it has one, and the response timeout.
    ///
    /// The database is suspected if it says nothing for too long, or the connection is lost.
    pub(crate) async fn run(&self, command: &Command<'_>) -> Result<Value, ConnectionError> {
        let limit = match command.blocking() {
            None => Some(Duration::ZERO),
            Some(Blocking::For(limit)) => Some(limit),
            Some(Blocking::Forever) => None,
        };
        let limit = limit.map(|limit| limit.saturating_add(self.dedicated.settings().response_timeout));
        self.run_within(command, limit).await
    }

    /// As [`run`](Self::run), within another limit, or none.
    pub(crate) async fn run_within(
        &self,
        command: &Command<'_>,
        limit: Option<Duration>,
    ) -> Result<Value, ConnectionError> {
        let Some((dialled, _)) = &self.held else { return Err(ConnectionError::Closed) };
        let settings = self.dedicated.settings();
        let cursor_tag = settings.cursor_tag.on(dialled.server);
        let sent = cursor_tag.outgoing(command)?.unwrap_or_else(|| command.clone());
        let answered = send(dialled.connection.clone(), sent);
        let (sent_at, beside) = (Instant::now(), self.dedicated.availability().sent_beside());
        let may_be_silent = command.blocking().is_some() || settings.suspicion.is_off();
        let reply = tokio::select! {
            biased;
            reply = answered => reply.map_err(ConnectionError::from),
            never = self.suspect_silence(), if !may_be_silent => match never {},
            () = elapsed(limit) => {
                self.dedicated.distrust(sent_at);
                beside.waited_in_vain();
                Err(too_slow(limit))
            }
        };
        match reply {
            Ok(reply) => Ok(cursor_tag.incoming(command, reply)?),
            Err(error) => {
                // Its health checks find out whether it is the database's fault (B17).
                if class_of(&error).is_failure() {
                    self.dedicated.availability().suspect();
                }
                Err(error)
            }
        }
    }

    async fn suspect_silence(&self) -> Infallible {
        sleep(self.dedicated.settings().suspicion.after).await;
        self.dedicated.availability().suspect();
        std::future::pending().await
    }

    /// Whether the connection has ended, so that what is sent on it never reaches a server.
    pub(crate) fn is_over(&self) -> bool {
        self.held.as_ref().is_none_or(|(dialled, _)| dialled.is_over())
    }

    pub(super) fn address(&self) -> &Address {
        self.endpoint.address()
    }

    pub(crate) fn dedicated(&self) -> &Dedicated {
        &self.dedicated
    }

    /// Only if nothing is left to be answered on it.
    pub(crate) fn give_back(mut self) {
        if let Some((dialled, permit)) = self.held.take() {
            self.dedicated.pool().ended(self.id);
            self.dedicated.put_back(&self.endpoint, dialled);
            drop(permit);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.dedicated.pool().ended(self.id);
    }
}

async fn elapsed(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}

fn too_slow(limit: Option<Duration>) -> ConnectionError {
    let limit = limit.unwrap_or_default();
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {limit:?}")).into()
}
