//! What a member says about itself: the seam between those who judge it and those who choose.
//!
//! One [`Availability`] per member. Detector, health checks and people say what happened with [`Signal`]s; the
//! circuit breaker's [`Machine`] lives inside and decides what that means; the driver reads a [`View`] and is rung
//! when it changed; the hot path reads one word, the [`Gate`]. There is one door for all that happens, so that an
//! epoch never advances without its event, and no event goes without its wake-up.
//!
//! ```
//! use tower_failover::{Availability, Events, Finding, Signal, Verdict};
//! use tower_failover::availability::Evidence;
//!
//! let availability = Availability::new("eu-west", Events::default());
//! assert!(availability.view().is_available());
//!
//! availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
//! assert_eq!(availability.view().verdict, Verdict::Unhealthy);
//! assert!(!availability.view().is_available());
//! ```

mod against;
mod changes;
mod connection;
mod gate;
#[cfg(all(test, failover_loom))]
mod loom;
mod loss;
mod machine;
mod probe_side;
mod report;
mod signal;
mod suspicion;
mod tally;
#[cfg(test)]
mod tests;
mod traffic;
mod view;

use std::fmt;
use std::sync::{Arc, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::bell::Bell;
use crate::event::{Event, Events, Name};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};
use against::Against;
use connection::Renewal;
use gate::GateWord;

pub use against::LastError;
pub use changes::Changes;
pub use connection::{ConnectionTrouble, ConnectionWatch, SentBeside};
pub use gate::{Epoch, Gate, Phase};
pub use machine::{CircuitState, CircuitStatus, Machine};
pub(crate) use probe_side::ProbeSide;
pub(crate) use report::Report;
pub use signal::{Evidence, Finding, OpenReason, Signal, Verdict};
pub use suspicion::Suspicion;
pub(crate) use tally::Tally;
pub use tally::{CallCounts, ConnectionCount, OpenConnection};
pub(crate) use traffic::{ProbeMark, Traffic};
pub use view::{Preference, View};

/// One member's cell.
///
/// # Clone
/// Clones are handles to the same cell.
#[derive(Clone)]
pub struct Availability {
    cell: Arc<Cell>,
}

struct Cell {
    name: Name,
    events: Events,
    gate: GateWord,
    suspected: AtomicBool,
    /// A call that was lost with its connection has been counted since a suspicion was last settled.
    loss_counted: AtomicBool,
    /// A new connection for calls is on its way, because the member cannot serve on the present one.
    renewing: AtomicBool,
    traffic: Traffic,
    tally: Tally,
    state: Mutex<State>,
    /// For those who wait until the circuit lets them pass.
    moved: Notify,
}

struct State {
    /// The member has left, and nothing is told of it any more.
    retired: bool,
    machine: Option<Box<dyn Machine>>,
    unguarded: CircuitStatus,
    unavailable_since: Option<Instant>,
    verdict: Verdict,
    evidence: Option<Evidence>,
    against: Against,
    next_probe_at: Option<Instant>,
    /// Rung for the probe loops that watch the member: one, or two while one takes over from the other.
    probe_loops: Vec<Arc<Bell>>,
    /// How many of them ask on suspicion.
    suspicious_loops: usize,
    round_waiters: Vec<oneshot::Sender<Finding>>,
    listeners: Vec<Weak<Bell>>,
    interrupts: Vec<Weak<dyn Interrupt>>,
    renewal: Renewal,
}

/// Something with calls in flight that can be made to look up.
pub(crate) trait Interrupt: Send + Sync {
    /// Wakes the task of every call in flight.
    fn wake_all(&self);
}

impl Availability {
    /// A member of this name, closed and not yet judged.
    #[must_use]
    pub fn new(name: impl Into<Name>, events: Events) -> Self {
        let unguarded = CircuitStatus::closed(Instant::now());
        Self {
            cell: Arc::new(Cell {
                name: name.into(),
                events,
                gate: GateWord::new(unguarded.gate()),
                suspected: AtomicBool::new(false),
                loss_counted: AtomicBool::new(false),
                renewing: AtomicBool::new(false),
                traffic: Traffic::default(),
                tally: Tally::default(),
                state: Mutex::new(State {
                    retired: false,
                    machine: None,
                    unguarded,
                    unavailable_since: None,
                    verdict: Verdict::Unknown,
                    evidence: None,
                    against: Against::default(),
                    next_probe_at: None,
                    probe_loops: Vec::new(),
                    suspicious_loops: 0,
                    round_waiters: Vec::new(),
                    listeners: Vec::new(),
                    interrupts: Vec::new(),
                    renewal: Renewal::default(),
                }),
                moved: Notify::new(),
            }),
        }
    }

    /// The member's name, as in events, snapshots and errors.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.cell.name
    }

    /// The member leaves: its checks and connections, which end one after the other, tell nobody of it any more. What
    /// was told before has its place in the order.
    pub(crate) fn retire(&self) {
        self.lock().retired = true;
    }

    /// The member joins, perhaps once more.
    pub(crate) fn reinstate(&self) {
        self.lock().retired = false;
    }

    /// Where this member's events go.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.cell.events
    }

    /// What the circuit does with a call now: one Acquire load.
    #[inline]
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.cell.gate.load()
    }

    /// Says what happened. Transitions are announced, and those who wait are woken, before this returns.
    pub fn signal(&self, signal: Signal) {
        let (cell, now) = (&*self.cell, Instant::now());
        self.change(|state| {
            if let Signal::Verdict(finding) = &signal {
                state.verdict = finding.verdict;
                state.evidence = finding.evidence.clone();
            }
            let (before, checked) = (cell.gate.load(), state.checked());
            if let Some(machine) = &mut state.machine {
                machine.apply(&signal, checked, now);
            }
            let after = state.circuit().phase;
            state.against.hears(&signal, before, after, now);
            if matches!(signal, Signal::Verdict(_) | Signal::Close) {
                state.end_trouble_if_well();
            }
        });
    }

    /// Puts a circuit breaker before the member. One that was there before is replaced. It hears the verdict that
    /// is already known, so that the first one always counts.
    pub(crate) fn guard(&self, mut machine: impl Machine + 'static) {
        let now = Instant::now();
        let former = self.change(|state| {
            let known =
                Finding { verdict: state.verdict, evidence: state.evidence.clone(), on_suspicion: false };
            if known.verdict != Verdict::Unknown {
                machine.apply(&Signal::Verdict(known), state.checked(), now);
            }
            state.machine.replace(Box::new(machine))
        });
        // It may be the user's, whose code does not run under the lock unless it must.
        drop(former);
    }

    /// Takes a trial slot of a half-open circuit, to be given back with [`Signal::TrialEnded`].
    pub(crate) fn try_trial(&self) -> Option<Epoch> {
        let now = Instant::now();
        self.change(|state| state.machine.as_mut().and_then(|machine| machine.try_trial(now)))
    }

    /// What the member says about itself now.
    #[must_use]
    pub fn view(&self) -> View {
        self.lock().view(self.is_suspected())
    }

    /// Suspects the member: if somebody asks it on suspicion, it is asked at once (B17). Cheap when it already is.
    pub fn suspect(&self) {
        if self.is_suspected() {
            return;
        }
        let mut state = self.lock();
        // Under the lock, so that no suspicion is left behind by the last loop as it goes.
        if state.suspicious_loops > 0 && !self.cell.suspected.swap(true, Ordering::AcqRel) {
            state.against.begins(Instant::now());
            let (probe_loops, listeners) = (state.probe_loops.clone(), state.live_listeners());
            drop(state);
            tracing::debug!(member = %self.cell.name, "suspected");
            ring_all(&probe_loops);
            ring_all(&listeners);
        }
    }

    /// Whether the member is under suspicion, with a probe on the way.
    #[inline]
    #[must_use]
    pub fn is_suspected(&self) -> bool {
        self.cell.suspected.load(Ordering::Acquire)
    }

    /// Asks for one full round of checks now. Without health checks, the current verdict is the answer.
    pub(crate) fn request_round(&self) -> oneshot::Receiver<Finding> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.checked() {
            state.round_waiters.push(sender);
            let probe_loops = state.probe_loops.clone();
            drop(state);
            ring_all(&probe_loops);
        } else {
            let finding =
                Finding { verdict: state.verdict, evidence: state.evidence.clone(), on_suspicion: false };
            // The receiver is in our hand.
            let _ = sender.send(finding);
        }
        receiver
    }

    /// The probe loop's end of the cell.
    pub(crate) fn attach_probes(&self, suspicion: Suspicion) -> ProbeSide {
        ProbeSide::attach(self.clone(), suspicion)
    }

    /// Rings `bell` at every change of this cell, until it is dropped.
    pub(crate) fn listen(&self, bell: &Arc<Bell>) {
        let mut state = self.lock();
        // Who listens and goes before anything changes is forgotten here.
        state.listeners.retain(|listener| listener.strong_count() > 0);
        state.listeners.push(Arc::downgrade(bell));
    }

    /// Registers calls in flight that [`interrupt`](Self::interrupt) wakes.
    pub(crate) fn on_interrupt(&self, interrupt: Weak<dyn Interrupt>) {
        let mut state = self.lock();
        state.interrupts.retain(|interrupt| interrupt.strong_count() > 0);
        state.interrupts.push(interrupt);
    }

    /// Wakes every call in flight, so that those who may move look at the route again.
    pub(crate) fn interrupt(&self) {
        let interrupts = self.lock().interrupts.clone();
        for interrupt in interrupts.iter().filter_map(Weak::upgrade) {
            interrupt.wake_all();
        }
    }

    /// When the member last answered, and how long its probes take.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.cell.traffic
    }

    /// What became of calls that did not go well.
    #[must_use]
    pub fn call_counts(&self) -> CallCounts {
        self.cell.tally.counts()
    }

    /// Counts an attempt that failed and may have been applied, for calls that no [`Retry`](crate::Retry) has made.
    pub fn was_ambiguous(&self) {
        self.cell.tally.was_ambiguous();
    }

    /// How many connections there are, and where whoever opens one counts it.
    #[must_use]
    pub fn connections(&self) -> &ConnectionCount {
        self.cell.tally.connections()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.cell.tally
    }

    /// Completes at the next change of the circuit's status after this call.
    pub(crate) fn moved(&self) -> tokio::sync::futures::Notified<'_> {
        self.cell.moved.notified()
    }

    /// The one door: changes the state, then announces what that changed.
    fn change<R>(&self, apply: impl FnOnce(&mut State) -> R) -> R {
        let cell = &*self.cell;
        let mut state = self.lock();
        let before = state.view(false);
        let result = apply(&mut state);
        state.note_availability();
        let after = state.view(false);
        state.against.sees(before.circuit.phase, after.circuit.phase, after.is_failed());
        let circuit_moved = before.circuit.epoch != after.circuit.epoch;
        cell.gate.store(after.circuit.gate());
        let is_told = !state.retired;
        if is_told && before.verdict != after.verdict {
            cell.events.enqueue(Event::VerdictChanged {
                member: cell.name.clone(),
                from: before.verdict,
                to: after.verdict,
                evidence: after.evidence.clone(),
            });
        }
        if is_told
            && before.evidence != after.evidence
            && let Some(Evidence::Misconfigured(detail)) = &after.evidence
        {
            let (member, detail) = (cell.name.clone(), Arc::clone(detail));
            cell.events.enqueue(Event::Misconfigured { member, detail });
        }
        if is_told && circuit_moved {
            cell.events.enqueue(Event::CircuitChanged {
                member: cell.name.clone(),
                from: before.circuit.state,
                to: after.circuit.state,
                reason: after.circuit.reason.or(before.circuit.reason),
            });
        }
        let mut bells = if before == after { Vec::new() } else { state.live_listeners() };
        if after.circuit.wants_round && !before.circuit.wants_round {
            bells.extend_from_slice(&state.probe_loops);
        }
        drop(state);

        cell.events.flush();
        if before.circuit != after.circuit {
            cell.moved.notify_waiters();
        }
        ring_all(&bells);
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under this lock; if it did, the state is whole at every step.
        self.cell.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ring_all(bells: &[Arc<Bell>]) {
    for bell in bells {
        bell.ring();
    }
}

impl State {
    fn checked(&self) -> bool {
        !self.probe_loops.is_empty()
    }

    fn circuit(&self) -> &CircuitStatus {
        self.machine.as_ref().map_or(&self.unguarded, |machine| machine.status())
    }

    /// Whatever spoke against the member is void, if its circuit admits and its checks do not fail.
    fn end_trouble_if_well(&mut self) {
        let is_failed = self.verdict.is_failure(self.evidence.as_ref());
        if self.circuit().phase == Phase::Admit && !is_failed {
            self.against.ends();
        }
    }

    fn view(&self, suspected: bool) -> View {
        View {
            verdict: self.verdict,
            evidence: self.evidence.clone(),
            checked: self.checked(),
            guarded: self.machine.is_some(),
            suspected,
            circuit: self.circuit().clone(),
            unavailable_since: self.unavailable_since,
        }
    }

    fn note_availability(&mut self) {
        if self.view(false).is_available() {
            self.unavailable_since = None;
        } else {
            self.unavailable_since.get_or_insert_with(Instant::now);
        }
    }

    fn live_listeners(&self) -> Vec<Arc<Bell>> {
        self.listeners.iter().filter_map(Weak::upgrade).collect()
    }
}

impl fmt::Debug for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Availability").field("name", &self.cell.name).field("view", &self.view()).finish()
    }
}
