//! The health of many members, as a stream of what changed.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;

use super::listener::Listener;
use super::plan::{HealthPlan, HealthWatch};
use super::settings::HealthSettingsError;
use crate::availability::{Availability, Evidence, Verdict};
use crate::bell::Bell;

/// The verdict on a member is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthChange<K> {
    /// Whose.
    pub key: K,
    /// The verdict that was told last; [`Verdict::Unknown`] at first.
    pub from: Verdict,
    /// The verdict now.
    pub to: Verdict,
    /// What led to it.
    pub evidence: Option<Evidence>,
}

/// What changed in the health of the members that its [`HealthChecks`] watch.
///
/// The probe loops write their verdicts into the members' [`Availability`] themselves, whether or not this stream is
/// polled; it only tells. It holds no queue: a reader that is slow finds the difference between what it was told last
/// and now, and misses what went and came in between. It never ends by itself.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::time::pause();
/// use futures_util::StreamExt;
/// use tower::service_fn;
/// use tower_failover::{Availability, Check, Events, Health, HealthPlan, HealthStream, Probe, Verdict};
///
/// let (mut stream, checks) = HealthStream::pair();
/// for name in ["eu-west", "us-east"] {
///     let well = service_fn(|_: Probe| async { Ok::<_, std::io::Error>(Health::Healthy) });
///     let plan = HealthPlan::new([Check::new("well", well)]);
///     checks.insert(name, Availability::new(name, Events::default()), &plan)?;
/// }
/// let change = stream.next().await.ok_or("ended")?;
/// assert_eq!((change.from, change.to), (Verdict::Unknown, Verdict::Healthy));
/// # Ok(()) }
/// ```
///
/// # Cancellation
/// Dropping the stream ends nothing while a [`HealthChecks`] is left; the last one of both to go ends all loops.
pub struct HealthStream<K> {
    shared: Arc<Shared<K>>,
    /// Where the next look begins, so that no member can keep the others from being told of.
    turn: usize,
}

/// The loops of all members: one each, begun by [`insert`](Self::insert) and ended by [`remove`](Self::remove).
///
/// # Clone
/// Clones are handles to the same loops. They end with the last handle and the [`HealthStream`].
pub struct HealthChecks<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    members: Mutex<Vec<Member<K>>>,
    /// Rung when a member was added.
    added: Bell,
}

struct Member<K> {
    key: K,
    told: Verdict,
    listener: Listener,
    _watch: HealthWatch,
}

impl<K> Shared<K> {
    fn lock(&self) -> MutexGuard<'_, Vec<Member<K>>> {
        // The list is whole at every step.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> HealthStream<K> {
    /// A stream without members, and the handle that adds them.
    #[must_use]
    pub fn pair() -> (Self, HealthChecks<K>) {
        let shared = Arc::new(Shared { members: Mutex::new(Vec::new()), added: Bell::default() });
        (Self { shared: Arc::clone(&shared), turn: 0 }, HealthChecks { shared })
    }
}

impl<K: PartialEq> HealthChecks<K> {
    /// Begins to watch a member. If one of this key is watched already, this plan takes over.
    ///
    /// # Errors
    /// A setting of the plan makes no sense; what was watched before is watched on then.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn insert(
        &self,
        key: K,
        availability: Availability,
        plan: &HealthPlan,
    ) -> Result<(), HealthSettingsError> {
        let watch = plan.watch(&availability)?;
        let mut member =
            Member { key, told: Verdict::Unknown, listener: Listener::new(availability), _watch: watch };
        let mut members = self.shared.lock();
        let former = members.iter_mut().find(|former| former.key == member.key);
        let replaced = if let Some(former) = former {
            member.told = former.told;
            Some(std::mem::replace(former, member))
        } else {
            members.push(member);
            None
        };
        drop(members);
        drop(replaced);
        self.shared.added.ring();
        Ok(())
    }

    /// Ends a member's loop. Returns whether there was one.
    pub fn remove(&self, key: &K) -> bool {
        let mut members = self.shared.lock();
        let index = members.iter().position(|member| member.key == *key);
        let removed = index.map(|index| members.remove(index));
        drop(members);
        removed.is_some()
    }
}

impl<K: Clone> Stream for HealthStream<K> {
    type Item = HealthChange<K>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // Before the look, so that whoever is added after it is told of by the bell.
        while this.shared.added.poll_rung(context).is_ready() {}
        let mut members = this.shared.lock();
        for _ in 0..members.len() {
            let index = this.turn % members.len();
            let member = &mut members[index];
            while let Poll::Ready(view) = member.listener.poll_view(context) {
                if view.verdict != member.told {
                    let from = std::mem::replace(&mut member.told, view.verdict);
                    let key = member.key.clone();
                    this.turn = index + 1;
                    let change = HealthChange { key, from, to: view.verdict, evidence: view.evidence };
                    return Poll::Ready(Some(change));
                }
            }
            this.turn = index + 1;
        }
        Poll::Pending
    }
}

impl<K> Clone for HealthChecks<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K: fmt::Debug> fmt::Debug for HealthChecks<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.shared.lock().iter().map(|member| &member.key)).finish()
    }
}

impl<K: fmt::Debug> fmt::Debug for HealthStream<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.shared.lock().iter().map(|member| &member.key)).finish()
    }
}
