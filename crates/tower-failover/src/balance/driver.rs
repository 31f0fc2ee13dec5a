//! The one task that chooses: wakes for events, decides once for each, publishes the choice.

mod orders;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tower::BoxError;
use tower::discover::{Change, Discover};

use super::active::{Absence, Published, Shared};
use super::config::FailoverConfig;
use super::contained::Contained;
use super::handle::Order;
use super::member::Member;
use super::members::{Entry, Members};
use super::outage::Outage;
use super::select::{Decision, Occasion, Patience, Situation, best, decide};
use super::snapshot::{Roster, Switch};
use crate::availability::{Finding, OpenReason, Preference, Signal, Verdict};
use crate::bell::Bell;
use crate::event::{Event, Name, SwitchReason};
use orders::{Answer, Purpose};

/// How many changes of membership one choice takes in, so that an endless list of them holds up nothing else.
const CHANGES_AT_ONCE: usize = 1024;

/// Chooses the active member whenever something happened. Run it: `tokio::spawn(driver)`.
///
/// It ends when the last clone of its balance is dropped. If it is dropped before, or panics, calls answer
/// [`FailoverError::DriverGone`](super::FailoverError::DriverGone).
#[must_use = "nobody chooses a member unless the driver runs"]
pub struct Driver(BoxFuture<'static, ()>);

impl Driver {
    pub(super) fn new<D, S>(
        discover: D,
        config: FailoverConfig,
        orders: mpsc::Receiver<Order>,
        shared: &Arc<Shared<S>>,
    ) -> Self
    where
        D: Discover<Service = Member<S>> + Send + 'static,
        D::Key: Clone + Send + Sync,
        D::Error: Into<BoxError>,
        S: Send + Sync + 'static,
    {
        let gone = Gone(Arc::downgrade(shared));
        let shared = Arc::downgrade(shared);
        Self(Box::pin(async move {
            let _gone = gone;
            Course::new(config, shared).run(Box::pin(discover), orders).await;
        }))
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Driver")
    }
}

/// Tells the clones when the driver ends, however it ends.
struct Gone<S>(Weak<Shared<S>>);

impl<S> Drop for Gone<S> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.publish(Published::Nobody(Absence::DriverGone), None, false);
            shared.active.announce();
        }
    }
}

type Round = BoxFuture<'static, (Name, Purpose, Option<Finding>)>;

/// The driver's state between two events.
struct Course<K, S> {
    config: FailoverConfig,
    shared: Weak<Shared<S>>,
    bell: Arc<Bell>,
    members: Members<K, S>,
    rounds: FuturesUnordered<Round>,
    roster: Roster,
    /// Set while the heaviest member is waited for.
    patience: Option<Patience>,
    /// All members went together, and none has returned yet (B58).
    all_at_once: bool,
    escalated: bool,
    /// The active member was inserted anew: its service is another one.
    replaced: bool,
    fallback_at: Option<Instant>,
    /// Told once the choice is published, so that whoever asked sees what they asked for.
    answers: Vec<Answer>,
}

impl<K, S> Course<K, S>
where
    K: Eq + Clone + Send + 'static,
    S: Send + Sync + 'static,
{
    fn new(config: FailoverConfig, shared: Weak<Shared<S>>) -> Self {
        Self {
            config,
            shared,
            bell: Arc::default(),
            members: Members::new(),
            rounds: FuturesUnordered::new(),
            roster: Roster::default(),
            patience: None,
            all_at_once: false,
            escalated: false,
            replaced: false,
            fallback_at: None,
            answers: Vec::new(),
        }
    }

    async fn run<D>(mut self, discover: Pin<Box<D>>, mut orders: mpsc::Receiver<Order>)
    where
        D: Discover<Key = K, Service = Member<S>>,
        D::Error: Into<BoxError>,
    {
        let mut discover = Some(discover);
        self.patience = Some(Patience::ForVerdict(Instant::now() + self.config.patience));
        self.fallback_at = self.next_fallback(Instant::now());
        loop {
            let wake_at = self.wake_at();
            let bell = Arc::clone(&self.bell);
            let occasion = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.catch_up(&mut discover);
                        self.obey(order)
                    }
                    // The last balance is gone.
                    None => return,
                },
                change = next_change(&mut discover) => {
                    self.membership(change);
                    self.catch_up(&mut discover);
                    None
                }
                Some(round) = self.rounds.next(), if !self.rounds.is_empty() => self.round_ended(round),
                () = bell.rung() => None,
                () = sleep_until_some(wake_at) => None,
            };
            let Some(shared) = self.shared.upgrade() else { return };
            self.settle(&shared, occasion, Instant::now());
            shared.active.announce();
            for (reply, result) in self.answers.drain(..) {
                // Whoever asked may have gone since.
                let _ = reply.send(result);
            }
        }
    }

    /// When the clock alone next changes something.
    fn wake_at(&self) -> Option<Instant> {
        let patience = self.patience.map(Patience::until);
        let escalation = self.roster.outage.filter(|_| !self.escalated).map(|outage| outage.escalates_at());
        [self.members.next_change_at(), self.fallback_at, patience, escalation].into_iter().flatten().min()
    }

    fn next_fallback(&self, now: Instant) -> Option<Instant> {
        let interval = self.config.auto_fallback_interval?;
        now.checked_add(self.config.chance.around(interval, self.config.fallback_jitter))
    }

    /// Takes in what is known already, so that it goes into one choice, and no order is for a member yet to come.
    fn catch_up<D>(&mut self, discover: &mut Option<Pin<Box<D>>>)
    where
        D: Discover<Key = K, Service = Member<S>>,
        D::Error: Into<BoxError>,
    {
        for _ in 0..CHANGES_AT_ONCE {
            let Some(change) = next_change(discover).now_or_never() else { return };
            self.membership(change);
        }
    }

    fn membership(&mut self, change: Option<Result<Change<K, Member<S>>, BoxError>>) {
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

    /// Brings choice and publication up to date with all that is known now.
    fn settle(&mut self, shared: &Shared<S>, occasion: Option<Occasion>, now: Instant) {
        self.members.tick(now);
        let occasion =
            if self.members.has_arrived() { occasion.or(Some(SwitchReason::Weight)) } else { occasion };
        let standings = self.members.standings();
        if self.all_at_once && standings.iter().any(|one| one.preference.is_some() || one.last_resort) {
            self.patience.get_or_insert(Patience::ForReturn(now + self.config.patience));
        }
        let active = self.roster.active.as_deref().and_then(|name| self.members.index_of(name));
        let pinned = self.members.pinned().and_then(|name| self.members.index_of(name));
        let situation = Situation { active, pinned, occasion, patience: self.patience, now };
        let strategy = Contained { strategy: &*self.config.strategy, events: &self.config.events };
        match decide(&standings, &situation, &strategy) {
            Decision::Stay if self.replaced => self.republish(shared, active),
            Decision::Stay | Decision::WaitUntil(_) => {}
            Decision::Switch { to, reason } => self.switch(shared, active, to, reason, now),
            Decision::LastResort { to } => {
                if let Some(entry) = self.members.get(to) {
                    entry.availability.signal(Signal::Close);
                }
                self.switch(shared, active, to, None, now);
            }
            Decision::Nobody => {
                let starting =
                    |patience| matches!(patience, Some(Patience::ForVerdict(until)) if now < until);
                let unknown = standings.is_empty() || standings.iter().any(|standing| !standing.judged);
                if !(unknown && starting(self.patience)) {
                    self.nobody(shared, active, now);
                }
            }
        }
        self.replaced = false;
        self.escalate(now);
        self.look_for_fallback(now);
        self.publish_roster(shared);
    }

    fn switch(
        &mut self,
        shared: &Shared<S>,
        active: Option<usize>,
        to: usize,
        reason: Option<SwitchReason>,
        now: Instant,
    ) {
        let Some(entry) = self.members.get(to) else { return };
        let former = active.and_then(|index| self.members.get(index));
        let from = self.roster.active.take();
        let reason = reason.unwrap_or_else(|| match (former, &from) {
            (Some(former), _) => leaving(former),
            (None, Some(_)) => SwitchReason::Removed,
            (None, None) if self.roster.outage.is_some() => SwitchReason::Recovered,
            (None, None) => SwitchReason::Initial,
        });
        let view = former.map(Entry::view);
        let hung = view.as_ref().is_some_and(crate::availability::View::is_hung);
        let service = Published::Member(Arc::clone(&entry.service));
        let version = shared.publish(service, Some(entry.availability.clone()), hung);
        // Calls in flight there look up only now, so that they see where to go.
        if let Some(former) = former.filter(|_| hung) {
            shared.active.announce();
            former.availability.interrupt();
        }
        entry.availability.signal(Signal::Activated);
        let to = entry.name().clone();
        self.roster.active = Some(to.clone());
        self.roster.remember(Switch { from: from.clone(), to: to.clone(), reason, at: now });
        let evidence = view
            .filter(|view| !view.is_available() || view.verdict == Verdict::Unhealthy)
            .and_then(|view| view.evidence);
        let outage = self.roster.outage.take();
        // Snapshots first: whoever hears the event finds the same story there.
        self.publish_roster(shared);
        if let Some(outage) = outage {
            self.config.events.emit(Event::OutageEnded { lasted: outage.status(now).lasted });
        }
        self.config.events.emit(Event::ActiveChanged { from, to, reason, evidence, version });
        self.patience = None;
        self.all_at_once = false;
        self.escalated = false;
    }

    fn nobody(&mut self, shared: &Shared<S>, active: Option<usize>, now: Instant) {
        // Nobody is there to be preferred to.
        self.patience = None;
        if self.roster.outage.is_some() {
            return;
        }
        let outage =
            Outage { since: now, attempts: self.config.failover_attempts, delay: self.config.failover_delay };
        let former = active.and_then(|index| self.members.get(index));
        let hung = former.is_some_and(|former| former.view().is_hung());
        shared.publish(Published::Nobody(Absence::Outage(outage)), None, hung);
        if let Some(former) = former.filter(|_| hung) {
            former.availability.interrupt();
        }
        self.roster.active = None;
        self.roster.outage = Some(outage);
        self.publish_roster(shared);
        self.config.events.emit(Event::OutageBegan);
        self.all_at_once = self.went_together();
        if self.all_at_once {
            for entry in self.members.iter() {
                entry.availability.signal(Signal::WaiveGrace);
            }
        }
    }

    /// The active member goes on with another service.
    fn republish(&self, shared: &Shared<S>, active: Option<usize>) {
        if let Some(entry) = active.and_then(|index| self.members.get(index)) {
            let service = Published::Member(Arc::clone(&entry.service));
            shared.publish(service, Some(entry.availability.clone()), false);
        }
    }

    fn escalate(&mut self, now: Instant) {
        if let Some(outage) = self.roster.outage
            && !self.escalated
            && now >= outage.escalates_at()
        {
            self.escalated = true;
            self.config.events.emit(Event::OutageEscalated { lasted: outage.status(now).lasted });
        }
    }

    /// Whether all members became unavailable at about the same time (B58).
    fn went_together(&self) -> bool {
        let since = || self.members.iter().map(|entry| entry.view().circuit.since);
        match (since().min(), since().max()) {
            (Some(first), Some(last)) => last - first <= self.config.all_at_once_window,
            _ => false,
        }
    }

    /// Asks a heavier member for one full round when the time has come (B37).
    fn look_for_fallback(&mut self, now: Instant) {
        if self.fallback_at.is_none_or(|at| now < at) {
            return;
        }
        self.fallback_at = self.next_fallback(now);
        let standings = self.members.standings();
        let active = self.roster.active.as_deref().and_then(|name| self.members.index_of(name));
        let healthy = |index: usize| {
            standings[index].preference_if(active == Some(index)).filter(|&how| how == Preference::Healthy)
        };
        let strategy = Contained { strategy: &*self.config.strategy, events: &self.config.events };
        if active.is_none() || active == self.members.pinned().and_then(|name| self.members.index_of(name)) {
            return;
        }
        let target = best(&standings, healthy, active, &strategy).filter(|&index| Some(index) != active);
        if let Some(entry) = target.and_then(|index| self.members.get(index)) {
            let (name, round) = (entry.name().clone(), entry.availability.request_round());
            self.rounds.push(Box::pin(async move { (name, Purpose::Fallback, round.await.ok()) }));
        }
    }

    fn publish_roster(&mut self, shared: &Shared<S>) {
        self.roster.pinned = self.members.pinned().cloned();
        self.roster.members = self
            .members
            .iter()
            .map(|entry| (entry.availability.clone(), entry.weight, entry.is_drained()))
            .collect();
        shared.active.set_roster(Arc::new(self.roster.clone()));
    }
}

/// Why a member that cannot go on is left.
fn leaving<K, S>(entry: &Entry<K, S>) -> SwitchReason {
    if entry.is_drained() {
        SwitchReason::Drained
    } else {
        SwitchReason::Unavailable(entry.view().why().unwrap_or(OpenReason::HealthCheck))
    }
}

/// The next change of membership; pending for ever once there will be none.
async fn next_change<D>(
    discover: &mut Option<Pin<Box<D>>>,
) -> Option<Result<Change<D::Key, D::Service>, BoxError>>
where
    D: Discover,
    D::Error: Into<BoxError>,
{
    let change = match discover {
        Some(discover) => poll_fn(|context| discover.as_mut().poll_discover(context)).await,
        None => std::future::pending().await,
    };
    if change.is_none() {
        // The members stay.
        *discover = None;
    }
    change.map(|change| change.map_err(Into::into))
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
