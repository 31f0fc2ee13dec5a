//! The handle by which people look and steer.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

use super::active::Active;
use super::member::Weight;
use super::snapshot::Snapshot;
use crate::availability::Evidence;
use crate::event::Name;

/// What a person wants of the driver.
pub(super) struct Order {
    pub(super) member: Option<Name>,
    pub(super) wish: Wish,
    pub(super) reply: oneshot::Sender<Result<(), ManageError>>,
}

pub(super) enum Wish {
    /// Choose the member, after a probe unless forced.
    Activate {
        force: bool,
        until: Option<Instant>,
    },
    /// Let the rules choose again.
    Unpin,
    Drain {
        until: Option<Instant>,
    },
    Undrain,
    Trip {
        until: Option<Instant>,
        drill: bool,
    },
    Release,
    SetWeight(Weight),
    Remove,
    /// Only to be found.
    Find,
}

/// Looks at a balance and steers it.
///
/// A later order outdoes an earlier one: a member that is chosen by hand is neither drained nor held open any more.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_failover::balance::ManageError> {
/// # use std::time::Duration;
/// # use tower_failover::balance::{FailoverConfig, WeightedFailoverBalance, fixed};
/// # use tower_failover::{Availability, Events, Member};
/// # let members = fixed(["eu-west", "us-east"].map(|name| {
/// #     let service = tower::service_fn(move |()| async move { Ok::<_, std::io::Error>(name) });
/// #     Member::new(service, Availability::new(name, Events::default()))
/// # }));
/// # let balance = WeightedFailoverBalance::new(members, FailoverConfig::default()).unwrap();
/// let handle = balance.handle();
/// handle.set_active("us-east", Some(Duration::from_secs(3600))).await?;
/// assert_eq!(handle.snapshot().active.as_deref(), Some("us-east"));
///
/// handle.drain("us-east", None).await?;
/// assert_eq!(handle.snapshot().active.as_deref(), Some("eu-west"));
/// # Ok(()) }
/// ```
///
/// # Cancellation
/// An order whose future is dropped may still be carried out.
///
/// # Clone
/// Clones steer the same balance, and do not keep it alive: once the last balance is dropped, orders answer
/// [`ManageError::DriverGone`].
#[derive(Clone)]
pub struct FailoverHandle {
    orders: mpsc::WeakSender<Order>,
    active: Arc<Active>,
}

impl FailoverHandle {
    pub(super) fn new(orders: &mpsc::Sender<Order>, active: Arc<Active>) -> Self {
        Self { orders: orders.downgrade(), active }
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.active.roster().snapshot(self.active.version(), Instant::now())
    }

    /// Makes `member` the active one if a round of its checks passes now, and keeps it a standing preference: while
    /// it is unavailable others serve, and it is taken again when it may be — until [`release_choice`], for `limit`,
    /// or until it leaves (B38). Its circuit is closed with a fresh window.
    ///
    /// [`release_choice`]: Self::release_choice
    ///
    /// # Errors
    /// [`ManageError::Unhealthy`] with what the checks said; [`ManageError::UnknownMember`];
    /// [`ManageError::DriverGone`].
    pub async fn set_active(&self, member: &str, limit: Option<Duration>) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Activate { force: false, until: after(limit) }).await
    }

    /// As [`set_active`](Self::set_active), without asking the member. If its checks go on failing, others serve
    /// again with their next verdict.
    ///
    /// # Errors
    /// [`ManageError::NoCircuit`] if it is unhealthy and has no circuit breaker;
    /// [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn force_active(&self, member: &str, limit: Option<Duration>) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Activate { force: true, until: after(limit) }).await
    }

    /// Ends a choice by hand: the active member stays, and the next choice goes by weight again.
    ///
    /// # Errors
    /// [`ManageError::DriverGone`].
    pub async fn release_choice(&self) -> Result<(), ManageError> {
        self.order(None, Wish::Unpin).await
    }

    /// Never chooses `member` until [`undrain`](Self::undrain), or for `limit`. Its calls in flight finish.
    ///
    /// # Errors
    /// [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn drain(&self, member: &str, limit: Option<Duration>) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Drain { until: after(limit) }).await
    }

    /// Ends a drain.
    ///
    /// # Errors
    /// [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn undrain(&self, member: &str) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Undrain).await
    }

    /// A drill: forces the member's circuit open for `limit`; all else behaves as in earnest (B61).
    ///
    /// # Errors
    /// [`ManageError::NoCircuit`]; [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn trip(&self, member: &str, limit: Duration) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Trip { until: after(Some(limit)), drill: true }).await
    }

    /// Forces the member's circuit open until [`release`](Self::release) (B11).
    ///
    /// # Errors
    /// [`ManageError::NoCircuit`]; [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn force_open(&self, member: &str) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Trip { until: None, drill: false }).await
    }

    /// Ends [`force_open`](Self::force_open) or [`trip`](Self::trip): the rules decide again.
    ///
    /// # Errors
    /// [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn release(&self, member: &str) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Release).await
    }

    /// Changes a weight; if that makes another member the heaviest, it is active at once (B40).
    ///
    /// # Errors
    /// [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn set_weight(&self, member: &str, weight: Weight) -> Result<(), ManageError> {
        self.order(Some(member), Wish::SetWeight(weight)).await
    }

    /// Removes a member for good; if it is the active one, calls go to another first (B40). Its calls in flight
    /// finish. It may join again.
    ///
    /// # Errors
    /// [`ManageError::LastMember`]; [`ManageError::UnknownMember`]; [`ManageError::DriverGone`].
    pub async fn remove(&self, member: &str) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Remove).await
    }

    /// Takes in all that the balance's `Discover` has yielded so far, and says whether `member` has joined.
    ///
    /// # Errors
    /// [`ManageError::UnknownMember`] if it has not; [`ManageError::DriverGone`].
    pub async fn joined(&self, member: &str) -> Result<(), ManageError> {
        self.order(Some(member), Wish::Find).await
    }

    async fn order(&self, member: Option<&str>, wish: Wish) -> Result<(), ManageError> {
        let (reply, answer) = oneshot::channel();
        let orders = self.orders.upgrade().ok_or(ManageError::DriverGone)?;
        let order = Order { member: member.map(Name::from), wish, reply };
        orders.send(order).await.map_err(|_| ManageError::DriverGone)?;
        drop(orders);
        answer.await.unwrap_or(Err(ManageError::DriverGone))
    }
}

/// `None` is for ever.
fn after(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

impl fmt::Debug for FailoverHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailoverHandle").field("version", &self.active.version()).finish()
    }
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManageError {
    /// No member has this name.
    UnknownMember(Name),
    /// It is the only member, and a balance without any could serve nobody.
    LastMember(Name),
    /// Its checks did not pass; `force_active` goes without asking.
    Unhealthy {
        /// Who.
        member: Name,
        /// What the checks said.
        evidence: Option<Evidence>,
    },
    /// It has no circuit breaker, so that it can neither be forced open (`drain` keeps calls away from it) nor serve
    /// while it is unhealthy.
    NoCircuit(Name),
    /// The balance or its driver is gone.
    DriverGone,
}

impl fmt::Display for ManageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMember(name) => write!(f, "no member is named {name}; the snapshot lists them"),
            Self::LastMember(name) => {
                write!(f, "{name} is the last member; add another one before it leaves")
            }
            Self::Unhealthy { member, evidence: Some(evidence) } => {
                write!(f, "{member} is not healthy ({evidence}); force it to go without asking")
            }
            Self::Unhealthy { member, evidence: None } => {
                write!(f, "{member} is not healthy; force it to go without asking")
            }
            Self::NoCircuit(name) => write!(
                f,
                "{name} has no circuit breaker: it cannot be forced open, nor serve while it is unhealthy; drain it, \
                 or put one before its service"
            ),
            Self::DriverGone => f.write_str("the balance or its driver is gone"),
        }
    }
}

impl std::error::Error for ManageError {}
