//! Who joins and who leaves.

use std::future::poll_fn;
use std::pin::Pin;

use futures_util::FutureExt;
use tower::BoxError;
use tower::discover::{Change, Discover};

use super::Course;
use crate::balance::member::Member;
use crate::event::Event;

/// How many changes of membership one choice takes in, so that an endless list of them holds up nothing else.
const CHANGES_AT_ONCE: usize = 1024;

type Joining<K, S> = Option<Result<Change<K, Member<S>>, BoxError>>;

/// Where the members come from, until there will be no more changes.
pub(super) struct Discovery<D>(Option<Pin<Box<D>>>);

impl<D, K, S> Discovery<D>
where
    D: Discover<Key = K, Service = Member<S>>,
    D::Error: Into<BoxError>,
{
    pub(super) fn new(discover: Pin<Box<D>>) -> Self {
        Self(Some(discover))
    }

    /// The next change; `None` once, when there will be no more of them, and then pending for ever.
    pub(super) async fn next(&mut self) -> Joining<K, S> {
        let change = match &mut self.0 {
            Some(discover) => poll_fn(|context| discover.as_mut().poll_discover(context)).await,
            None => std::future::pending().await,
        };
        if change.is_none() {
            // The members stay.
            self.0 = None;
        }
        change.map(|change| change.map_err(Into::into))
    }
}

impl<K: Eq, S> Course<K, S> {
    /// Takes in what is known already, so that it goes into one choice, and no order is for a member yet to come.
    pub(super) fn catch_up<D>(&mut self, discovery: &mut Discovery<D>)
    where
        D: Discover<Key = K, Service = Member<S>>,
        D::Error: Into<BoxError>,
    {
        for _ in 0..CHANGES_AT_ONCE {
            let Some(change) = discovery.next().now_or_never() else { return };
            self.membership(change);
        }
    }

    pub(super) fn membership(&mut self, change: Joining<K, S>) {
        let event = match change {
            Some(Ok(Change::Insert(key, member))) => {
                let name = member.name().clone();
                match self.members.insert(key, member, &self.bell) {
                    Ok(()) => {
                        self.replaced = self.replaced || self.roster.active.as_ref() == Some(&name);
                        Event::MemberAdded { member: name }
                    }
                    Err(name) => {
                        Event::DiscoverFailed { detail: format!("another member is named {name}").into() }
                    }
                }
            }
            Some(Ok(Change::Remove(key))) => match self.members.remove(&key) {
                Some(member) => Event::MemberRemoved { member },
                None => return,
            },
            Some(Err(error)) => Event::DiscoverFailed { detail: error.to_string().into() },
            None => return,
        };
        self.config.events.emit(event);
    }
}
