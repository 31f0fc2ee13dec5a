//! Health as membership, for balancers that know nothing else.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::discover::{Change, Discover};

use super::listener::Listener;
use crate::availability::{Availability, Signal};

pin_project! {
    /// A `Discover` that offers only members that are available, for tower's own balancers.
    ///
    /// Wraps another `Discover`, and is told where to find each member's [`Availability`]. A member that stops being
    /// available is removed, and inserted again (as a clone of its service) when it is back; one that is not judged
    /// yet is offered. Circuits are moved by timer here, so that a member comes back without traffic.
    ///
    /// This crate's own balance does without: it reads the availability itself, and keeps a member's connection and
    /// window while it is down.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::convert::Infallible;
    /// use tower::balance::p2c::Balance;
    /// use tower::discover::ServiceList;
    /// use tower::load::{CompleteOnResponse, PendingRequestsDiscover};
    /// use tower::{Service, ServiceExt, service_fn};
    /// use tower_failover::availability::Evidence;
    /// use tower_failover::{Availability, Events, Finding, HealthChecked, Signal};
    ///
    /// let names = ["eu-west", "us-east"];
    /// let cells = names.map(|name| Availability::new(name, Events::default()));
    /// // In earnest, a `HealthPlan` watches each cell and says this.
    /// cells[0].signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    ///
    /// let services = names.map(|name| service_fn(move |()| async move { Ok::<_, Infallible>(name) }));
    /// let discover = ServiceList::new::<()>(services);
    /// let healthy = HealthChecked::new(discover, move |index: &usize, _: &_| cells[*index].clone());
    /// let loaded = PendingRequestsDiscover::new(healthy, CompleteOnResponse::default());
    /// let mut balance = Balance::new(Box::pin(loaded));
    /// assert_eq!(balance.ready().await?.call(()).await?, "us-east");
    /// # Ok(()) }
    /// ```
    pub struct HealthChecked<D: Discover, F> {
        #[pin]
        discover: D,
        availability_of: F,
        members: Vec<Member<D::Key, D::Service>>,
        tick: Option<Pin<Box<Sleep>>>,
        ended: bool,
    }
}

struct Member<K, S> {
    key: K,
    service: S,
    listener: Listener,
    tick_at: Option<Instant>,
    offer: Offer,
}

/// What the reader holds of a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    /// The service of a former member of the same key.
    Former,
    Current,
}

impl<D, F> HealthChecked<D, F>
where
    D: Discover,
    F: FnMut(&D::Key, &D::Service) -> Availability,
{
    /// Offers the members of `discover` while they are available. `availability_of` is asked once for each.
    pub fn new(discover: D, availability_of: F) -> Self {
        Self { discover, availability_of, members: Vec::new(), tick: None, ended: false }
    }
}

impl<K: Clone, S: Clone> Member<K, S> {
    /// What the reader is to be told, now that the member is available or not.
    fn offer(&mut self, available: bool) -> Option<Change<K, S>> {
        match (available, self.offer) {
            (true, Offer::Nothing | Offer::Former) => {
                self.offer = Offer::Current;
                Some(Change::Insert(self.key.clone(), self.service.clone()))
            }
            (false, Offer::Former | Offer::Current) => {
                self.offer = Offer::Nothing;
                Some(Change::Remove(self.key.clone()))
            }
            (true, Offer::Current) | (false, Offer::Nothing) => None,
        }
    }
}

impl<D, F> Stream for HealthChecked<D, F>
where
    D: Discover,
    D::Key: Clone,
    D::Service: Clone,
    F: FnMut(&D::Key, &D::Service) -> Availability,
{
    type Item = Result<Change<D::Key, D::Service>, D::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while !*this.ended {
            match this.discover.as_mut().poll_discover(context) {
                Poll::Pending => break,
                Poll::Ready(None) => *this.ended = true,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(Change::Insert(key, service)))) => {
                    let listener = Listener::new((this.availability_of)(&key, &service));
                    let former = take(this.members, &key).map_or(Offer::Nothing, |former| former.offer);
                    let offer = if former == Offer::Nothing { former } else { Offer::Former };
                    this.members.push(Member { key, service, listener, tick_at: None, offer });
                }
                Poll::Ready(Some(Ok(Change::Remove(key)))) => {
                    if take(this.members, &key).is_some_and(|member| member.offer != Offer::Nothing) {
                        return Poll::Ready(Some(Ok(Change::Remove(key))));
                    }
                }
            }
        }
        loop {
            for member in this.members.iter_mut() {
                while let Poll::Ready(view) = member.listener.poll_view(context) {
                    member.tick_at = view.next_change_at();
                    if let Some(change) = member.offer(view.is_available()) {
                        return Poll::Ready(Some(Ok(change)));
                    }
                }
            }
            if *this.ended && this.members.is_empty() {
                return Poll::Ready(None);
            }
            let Some(tick_at) = this.members.iter().filter_map(|member| member.tick_at).min() else {
                *this.tick = None;
                return Poll::Pending;
            };
            let tick = this.tick.get_or_insert_with(|| Box::pin(sleep_until(tick_at)));
            if tick.deadline() != tick_at {
                tick.as_mut().reset(tick_at);
            }
            ready!(tick.as_mut().poll(context));
            for member in this.members.iter_mut().filter(|member| member.tick_at == Some(tick_at)) {
                member.tick_at = None;
                member.listener.availability().signal(Signal::Tick);
            }
        }
    }
}

fn take<K: PartialEq, S>(members: &mut Vec<Member<K, S>>, key: &K) -> Option<Member<K, S>> {
    let index = members.iter().position(|member| member.key == *key)?;
    Some(members.remove(index))
}

impl<D, F> fmt::Debug for HealthChecked<D, F>
where
    D: Discover,
    D::Key: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|member| &member.key)).finish()
    }
}
