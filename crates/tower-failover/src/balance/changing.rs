//! Members that come and go while a balance runs.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::unconstrained;
use tower::discover::Change;

use super::member::Member;
use crate::event::Name;

/// A [`Discover`](tower::discover::Discover) for members that change, and the handle by which they do. Each is known by
/// its name. When the last handle is dropped, the members stay as they are.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_failover::balance::{FailoverConfig, WeightedFailoverBalance, changing};
/// use tower_failover::{Availability, Events, Member, Weight};
///
/// let region = |name: &'static str, weight: f64| {
///     let service = tower::service_fn(move |()| async move { Ok::<_, std::io::Error>(name) });
///     Member::new(service, Availability::new(name, Events::default())).weight(Weight::new(weight).unwrap())
/// };
/// let (members, discover) = changing();
/// members.insert(region("us-east", 0.5));
/// let balance = WeightedFailoverBalance::new(discover, FailoverConfig::default())?;
/// let handle = balance.handle();
/// handle.joined("us-east").await?;
///
/// members.insert(region("eu-west", 1.0));
/// handle.joined("eu-west").await?;
/// assert_eq!(handle.snapshot().active.as_deref(), Some("eu-west"));
///
/// members.remove("eu-west");
/// assert!(handle.joined("eu-west").await.is_err());
/// assert_eq!(handle.snapshot().active.as_deref(), Some("us-east"));
/// # Ok(()) }
/// ```
#[must_use]
pub fn changing<S>() -> (MemberSender<S>, ChangingMembers<S>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (MemberSender { sender }, ChangingMembers { receiver })
}

/// The [`Discover`](tower::discover::Discover) of [`changing`] members.
pub struct ChangingMembers<S> {
    receiver: mpsc::UnboundedReceiver<Change<Name, Member<S>>>,
}

impl<S> Stream for ChangingMembers<S> {
    type Item = Result<Change<Name, Member<S>>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Whoever sends a member and then gives an order for it counts on both being seen: no budget may hide one.
        let next = unconstrained(poll_fn(|context| self.receiver.poll_recv(context)));
        pin!(next).poll(context).map(|change| change.map(Ok))
    }
}

impl<S> fmt::Debug for ChangingMembers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangingMembers")
    }
}

/// Sends members to a balance, and takes them away.
///
/// # Clone
/// Clones change the same members.
pub struct MemberSender<S> {
    sender: mpsc::UnboundedSender<Change<Name, Member<S>>>,
}

impl<S> MemberSender<S> {
    /// Adds a member, or puts it in the place of the one of the same name. Heard by nobody once the balance is gone.
    pub fn insert(&self, member: Member<S>) {
        drop(self.sender.send(Change::Insert(member.name().clone(), member)));
    }

    /// Takes a member away, even the last; [`FailoverHandle::remove`](super::FailoverHandle::remove) does not.
    pub fn remove(&self, name: &str) {
        drop(self.sender.send(Change::Remove(name.into())));
    }
}

impl<S> Clone for MemberSender<S> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<S> fmt::Debug for MemberSender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberSender")
    }
}
