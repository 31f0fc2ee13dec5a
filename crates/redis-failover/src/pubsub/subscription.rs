//! What is subscribed, and who waits for the server's word on it. Plain and synchronous.

use std::collections::{BTreeSet, VecDeque};

use redis::{Cmd, RedisError};
use tokio::sync::oneshot;

use crate::error::Error;

/// The three name spaces of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Channel,
    Pattern,
    Shard,
}

/// One channel or pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subscription {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
}

/// What becomes of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Begin,
    End,
}

impl Subscription {
    /// One command for each, so that each reply is about exactly one of them.
    pub(super) fn command(&self, change: Change) -> Cmd {
        let word = match (change, self.kind) {
            (Change::Begin, Kind::Channel) => "SUBSCRIBE",
            (Change::Begin, Kind::Pattern) => "PSUBSCRIBE",
            (Change::Begin, Kind::Shard) => "SSUBSCRIBE",
            (Change::End, Kind::Channel) => "UNSUBSCRIBE",
            (Change::End, Kind::Pattern) => "PUNSUBSCRIBE",
            (Change::End, Kind::Shard) => "SUNSUBSCRIBE",
        };
        redis::cmd(word).arg(self.name.as_slice()).take()
    }
}

/// Numbers requests in their order, and what a connection was sent for them: "all before this one were answered" is
/// one comparison. What is sent for no request, as when everything is subscribed anew, has the lowest number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// What a subscriber asks for.
pub(super) struct Request {
    pub(super) change: Change,
    pub(super) kind: Kind,
    /// To end without names is to end all of the kind.
    pub(super) names: Vec<Vec<u8>>,
    pub(super) reply: oneshot::Sender<Result<(), Error>>,
}

/// A request that the active database has not confirmed yet.
struct Waiter {
    ticket: Ticket,
    change: Change,
    subscriptions: Vec<Subscription>,
    reply: oneshot::Sender<Result<(), Error>>,
}

/// All that is subscribed, whichever database serves.
#[derive(Default)]
pub(super) struct Subscriptions {
    wanted: BTreeSet<Subscription>,
    waiters: VecDeque<Waiter>,
    last: Ticket,
}

impl Subscriptions {
    /// Takes a request in, and tells what every connection is to be sent for it.
    pub(super) fn request(&mut self, request: Request) -> (Ticket, Change, Vec<Subscription>) {
        let Request { change, kind, names, reply } = request;
        let subscriptions: Vec<_> = if names.is_empty() && change == Change::End {
            self.wanted.iter().filter(|subscription| subscription.kind == kind).cloned().collect()
        } else {
            names.into_iter().map(|name| Subscription { kind, name }).collect()
        };
        for subscription in &subscriptions {
            match change {
                Change::Begin => self.wanted.insert(subscription.clone()),
                Change::End => self.wanted.remove(subscription),
            };
        }
        self.last.0 += 1;
        let waiter = Waiter { ticket: self.last, change, subscriptions: subscriptions.clone(), reply };
        self.waiters.push_back(waiter);
        (self.last, change, subscriptions)
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = &Subscription> {
        self.wanted.iter()
    }

    pub(super) fn is_wanted(&self, subscription: &Subscription) -> bool {
        self.wanted.contains(subscription)
    }

    pub(super) fn are_waited_for(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// The active database has answered all that was asked before the first request it still `owes` an answer to.
    pub(super) fn answered(&mut self, owes: Option<Ticket>) {
        while self.waiters.front().is_some_and(|waiter| owes.is_none_or(|owed| waiter.ticket < owed)) {
            if let Some(waiter) = self.waiters.pop_front() {
                // Whoever asked may have gone since.
                let _ = waiter.reply.send(Ok(()));
            }
        }
    }

    /// No database is there to confirm what was ended; it is ended all the same.
    pub(super) fn nobody_to_ask(&mut self) {
        let waiters = std::mem::take(&mut self.waiters).into_iter();
        let (ended, others): (VecDeque<_>, _) = waiters.partition(|waiter| waiter.change == Change::End);
        self.waiters = others;
        for waiter in ended {
            let _ = waiter.reply.send(Ok(()));
        }
    }

    /// The active database refused a subscription. If somebody waits for it, they are told, and it is wanted no more.
    pub(super) fn refused(&mut self, subscription: &Subscription, error: &RedisError) -> bool {
        let asked =
            |waiter: &Waiter| waiter.change == Change::Begin && waiter.subscriptions.contains(subscription);
        let Some(index) = self.waiters.iter().position(asked) else { return false };
        self.wanted.remove(subscription);
        if let Some(waiter) = self.waiters.remove(index) {
            let error = Error::of(error).cloned().unwrap_or_else(|| Error::Redis(error.clone().into()));
            let _ = waiter.reply.send(Err(error));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<(), Error>>;

    fn request(subscriptions: &mut Subscriptions, change: Change, names: &[&str]) -> (Vec<String>, Answer) {
        let (reply, answer) = oneshot::channel();
        let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let (_, _, changed) = subscriptions.request(Request { change, kind: Kind::Channel, names, reply });
        (changed.into_iter().map(|one| String::from_utf8(one.name).unwrap()).collect(), answer)
    }

    fn wanted(subscriptions: &Subscriptions) -> Vec<&str> {
        subscriptions.wanted().map(|one| std::str::from_utf8(&one.name).unwrap()).collect()
    }

    #[test]
    fn b43_what_is_subscribed_is_remembered_until_it_is_ended() {
        let mut subscriptions = Subscriptions::default();
        let (_, _news) = request(&mut subscriptions, Change::Begin, &["news", "sport"]);
        let (_, _again) = request(&mut subscriptions, Change::Begin, &["news"]);
        assert_eq!(wanted(&subscriptions), ["news", "sport"]);

        let (ended, _answer) = request(&mut subscriptions, Change::End, &["news"]);
        assert_eq!(
            (ended.as_slice(), wanted(&subscriptions)),
            (["news".to_owned()].as_slice(), vec!["sport"])
        );
        let (ended, _answer) = request(&mut subscriptions, Change::End, &[]);
        assert_eq!((ended.as_slice(), wanted(&subscriptions)), (["sport".to_owned()].as_slice(), vec![]));
    }

    #[test]
    fn a_request_is_answered_when_the_database_owes_nothing_before_it() {
        let mut subscriptions = Subscriptions::default();
        let (_, mut first) = request(&mut subscriptions, Change::Begin, &["a"]);
        let (_, mut second) = request(&mut subscriptions, Change::Begin, &["b"]);

        subscriptions.answered(Some(Ticket::default()));
        assert!(first.try_recv().is_err(), "everything is being subscribed anew");
        subscriptions.answered(Some(subscriptions.last));
        assert!(first.try_recv().unwrap().is_ok());
        assert!(second.try_recv().is_err());
        subscriptions.answered(None);
        assert!(second.try_recv().unwrap().is_ok());
    }

    #[test]
    fn a_refusal_is_told_to_who_asked_and_to_nobody_else() {
        let mut subscriptions = Subscriptions::default();
        let (_, mut answer) = request(&mut subscriptions, Change::Begin, &["secret"]);
        let secret = Subscription { kind: Kind::Channel, name: b"secret".to_vec() };
        let error = RedisError::from(std::io::Error::other("NOPERM"));

        assert!(subscriptions.refused(&secret, &error));
        assert!(matches!(answer.try_recv().unwrap(), Err(Error::Redis(_))));
        assert!(!subscriptions.is_wanted(&secret));

        // A resubscription that is refused later stays wanted.
        let (_, _answer) = request(&mut subscriptions, Change::Begin, &["secret"]);
        subscriptions.answered(None);
        assert!(!subscriptions.refused(&secret, &error));
        assert!(subscriptions.is_wanted(&secret));
    }

    #[test]
    fn to_end_something_needs_no_database() {
        let mut subscriptions = Subscriptions::default();
        let (_, mut begun) = request(&mut subscriptions, Change::Begin, &["a"]);
        let (_, mut ended) = request(&mut subscriptions, Change::End, &["a"]);
        subscriptions.nobody_to_ask();
        assert!(ended.try_recv().unwrap().is_ok());
        assert!(begun.try_recv().is_err());
    }
}
