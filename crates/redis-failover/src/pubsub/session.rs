//! One connection to one database, from the handshake to its end.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use redis::{Msg, RedisError, RedisResult, Value};
use tokio::time::{Duration, Instant, Sleep, sleep_until};

use super::heard::Heard;
use super::liveness::{DEADLINE, Due, Liveness, SILENCE};
use super::subscription::{Change, Subscription, Ticket};
use super::wire::Wire;
use crate::connection::BoxedStream;

/// When what the server refused is asked for again: somebody may have given the right to it meanwhile.
const REFUSED_AGAIN: Duration = Duration::from_secs(5);

/// One connection: sends what is subscribed, hears messages, and asks whether the other side lives.
pub(super) struct Session {
    wire: Wire,
    liveness: Liveness,
    /// In their order, as they will be answered.
    sent: VecDeque<Sent>,
    /// What the server would not let us have, until it is asked for again.
    refused: Option<(Instant, Vec<Subscription>)>,
    /// Fires early rather than late: hearing something does not move it.
    timer: Pin<Box<Sleep>>,
}

enum Sent {
    Ping(Instant),
    Change { ticket: Ticket, change: Change, subscription: Subscription },
}

/// What happened on a connection that goes on.
pub(super) enum Happened {
    Message(Msg),
    /// The server has answered; `refused` with this error.
    Answered {
        subscription: Subscription,
        refused: Option<RedisError>,
    },
    /// It lives.
    Pong,
    /// It may be dead: it has not answered a PING for a while.
    Doubtful,
}

impl Session {
    pub(super) fn new(stream: BoxedStream) -> Self {
        let now = Instant::now();
        Self {
            wire: Wire::new(stream),
            liveness: Liveness::new(now),
            sent: VecDeque::new(),
            refused: None,
            timer: Box::pin(sleep_until(now + SILENCE)),
        }
    }

    /// Asks the server for a change. Poll it, so that it goes out.
    pub(super) fn send(&mut self, ticket: Ticket, change: Change, subscription: Subscription) {
        if let Some((_, refused)) = &mut self.refused {
            refused.retain(|other| *other != subscription);
        }
        self.wire.send(&subscription.command(change));
        self.sent.push_back(Sent::Change { ticket, change, subscription });
    }

    /// Asks again in a while for what was refused.
    pub(super) fn ask_again(&mut self, subscription: Subscription) {
        let at = Instant::now() + REFUSED_AGAIN;
        self.refused.get_or_insert((at, Vec::new())).1.push(subscription);
    }

    /// The first request that the server owes an answer to.
    pub(super) fn owes(&self) -> Option<Ticket> {
        self.sent.iter().find_map(|sent| match sent {
            Sent::Ping(_) => None,
            Sent::Change { ticket, .. } => Some(*ticket),
        })
    }

    /// An error ends the connection.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Happened>> {
        loop {
            if let Poll::Ready(Err(error)) = self.wire.poll_flush(context) {
                return Poll::Ready(Err(error.into()));
            }
            if let Poll::Ready(value) = self.wire.poll_value(context) {
                if let Some(happened) = self.take(value?)? {
                    return Poll::Ready(Ok(happened));
                }
                continue;
            }
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            self.repeat_refused(now);
            match self.liveness.due(now) {
                Due::NothingUntil(at) => {
                    let again = self.refused.as_ref().map(|(again, _)| *again);
                    self.timer.as_mut().reset(again.map_or(at, |again| again.min(at)));
                }
                Due::Ask => {
                    self.wire.send(&redis::cmd("PING"));
                    self.sent.push_back(Sent::Ping(now));
                }
                Due::Suspect => return Poll::Ready(Ok(Happened::Doubtful)),
                Due::GiveUp => return Poll::Ready(Err(silent())),
            }
        }
    }

    fn take(&mut self, value: Value) -> RedisResult<Option<Happened>> {
        let now = Instant::now();
        self.liveness.heard(now);
        match Heard::of(value).ok_or_else(out_of_step)? {
            Heard::Message(message) => Ok(Some(Happened::Message(message))),
            Heard::Aside => Ok(None),
            heard => self.answered(&heard, now).map(Some),
        }
    }

    /// Each answer belongs to the oldest thing sent. One that does not fit, as when a cluster takes a shard channel
    /// away, is a connection to be made anew.
    fn answered(&mut self, heard: &Heard, now: Instant) -> RedisResult<Happened> {
        match (self.sent.pop_front(), heard) {
            (Some(Sent::Ping(at)), Heard::Pong | Heard::Refusal(_)) => {
                self.liveness.answered(at, now);
                Ok(Happened::Pong)
            }
            (Some(Sent::Change { change, subscription, .. }), Heard::Changed(changed, kind))
                if change == *changed && subscription.kind == *kind =>
            {
                Ok(Happened::Answered { subscription, refused: None })
            }
            (Some(Sent::Change { change, subscription, .. }), Heard::Refusal(error)) => {
                let refused = (change == Change::Begin).then(|| error.clone().into());
                Ok(Happened::Answered { subscription, refused })
            }
            (None, Heard::Refusal(error)) => Err(error.clone().into()),
            _ => Err(out_of_step()),
        }
    }

    fn repeat_refused(&mut self, now: Instant) {
        if let Some((_, refused)) = self.refused.take_if(|(at, _)| *at <= now) {
            for subscription in refused {
                self.send(Ticket::default(), Change::Begin, subscription);
            }
        }
    }
}

fn silent() -> RedisError {
    let message = format!("a subscriber's PING was not answered within {DEADLINE:?}");
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

fn out_of_step() -> RedisError {
    io::Error::new(io::ErrorKind::InvalidData, "the server said what a subscriber does not expect").into()
}
