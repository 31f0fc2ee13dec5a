//! The one task that chooses: wakes for events, decides once for each, publishes the choice.

mod absence;
mod doubt;
mod fallback;
mod membership;
mod orders;
mod remind;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tower::BoxError;
use tower::discover::Discover;

use super::active::{Absence, Published, Shared};
use super::config::FailoverConfig;
use super::contained::Contained;
use super::handle::Order;
use super::member::Member;
use super::members::{Entry, Members};
use super::select::{Decision, Occasion, Patience, Situation, decide};
use super::snapshot::{Roster, Switch};
use crate::availability::{Finding, OpenReason, Signal, Verdict};
use crate::bell::Bell;
use crate::event::{Event, Name, SwitchReason};
use doubt::Doubt;
use fallback::FallbackTimer;
use membership::Discovery;
use orders::{Answer, Purpose};

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
    doubt: Doubt,
    /// The active member was inserted anew: its service is another one.
    replaced: bool,
    fallback: FallbackTimer,
    /// Told once the choice is published, so that whoever asked sees what they asked for.
    answers: Vec<Answer>,
}

impl<K: Eq, S> Course<K, S> {
    fn new(config: FailoverConfig, shared: Weak<Shared<S>>) -> Self {
        let fallback = FallbackTimer::new(&config, Instant::now());
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
            doubt: Doubt::default(),
            replaced: false,
            fallback,
            answers: Vec::new(),
        }
    }

    async fn run<D>(mut self, discover: Pin<Box<D>>, mut orders: mpsc::Receiver<Order>)
    where
        D: Discover<Key = K, Service = Member<S>>,
        D::Error: Into<BoxError>,
    {
        let mut discovery = Discovery::new(discover);
        self.patience = Some(Patience::ForVerdict(Instant::now() + self.config.wait_for_first_verdict));
        loop {
            let wake_at = self.wake_at();
            let bell = Arc::clone(&self.bell);
            let occasion = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.catch_up(&mut discovery);
                        self.obey(order)
                    }
                    // The last balance is gone.
                    None => return,
                },
                change = discovery.next() => {
                    self.membership(change);
                    self.catch_up(&mut discovery);
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
        let reminder = self.members.next_told_at(self.active());
        let (change, fallback) = (self.members.next_change_at(), self.fallback.due_at());
        let due = [change, fallback, patience, escalation, self.doubt.ends_at(), reminder];
        due.into_iter().flatten().min()
    }

    fn active(&self) -> Option<usize> {
        self.roster.active.as_deref().and_then(|name| self.members.index_of(name))
    }

    /// Brings choice and publication up to date with all that is known now.
    fn settle(&mut self, shared: &Shared<S>, occasion: Option<Occasion>, now: Instant) {
        self.members.tick(now);
        let occasion =
            if self.members.has_arrived() { occasion.or(Some(SwitchReason::Weight)) } else { occasion };
        let standings = self.members.standings();
        self.await_return(&standings, now);
        let active = self.active();
        self.ask_others(active, now);
        let pinned = self.members.pinned().and_then(|name| self.members.index_of(name));
        let situation = Situation { active, pinned, occasion, patience: self.patience, now };
        let strategy = Contained { strategy: &*self.config.strategy, events: &self.config.events };
        let decision = decide(&standings, &situation, &strategy);
        match self.once_answered(decision, &situation) {
            Decision::Stay | Decision::WaitUntil(_) if self.replaced => self.republish(shared, active),
            Decision::Stay | Decision::WaitUntil(_) => {}
            Decision::Switch { to, reason } => self.switch(shared, active, to, reason, now),
            Decision::LastResort { to } => {
                if let Some(entry) = self.members.get(to) {
                    entry.availability.signal(Signal::Close);
                }
                if active != Some(to) {
                    self.switch(shared, active, to, None, now);
                } else if self.replaced {
                    self.republish(shared, active);
                }
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
        self.look_at_outage(now);
        self.look_for_fallback(now);
        self.remind(self.active(), now);
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
        let began = match reason {
            SwitchReason::Unavailable(_) => former.and_then(|former| former.availability.troubled_since()),
            SwitchReason::Recovered => self.roster.outage.map(|outage| outage.since),
            _ => None,
        };
        let took = began.map(|began| now.saturating_duration_since(began));
        self.roster.remember(Switch { from: from.clone(), to: to.clone(), reason, at: now, version, took });
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
        if let Some(former) = active {
            // That line tells why it was left.
            self.members.was_told(former, now);
        }
        self.patience = None;
        self.doubt = Doubt::default();
        self.all_at_once = false;
        self.escalated = false;
    }

    /// The active member goes on with another service.
    fn republish(&self, shared: &Shared<S>, active: Option<usize>) {
        if let Some(entry) = active.and_then(|index| self.members.get(index)) {
            let service = Published::Member(Arc::clone(&entry.service));
            shared.publish(service, Some(entry.availability.clone()), false);
        }
    }

    fn publish_roster(&mut self, shared: &Shared<S>) {
        self.roster.pinned = self.members.pinned().cloned();
        self.roster.pinned_until = self.members.pinned_until();
        self.roster.members = self.members.iter().map(Entry::listed).collect();
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

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
