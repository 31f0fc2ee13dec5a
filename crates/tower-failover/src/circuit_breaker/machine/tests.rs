mod by_hand;
mod grace;
mod half_open;
mod opening;
mod properties;
mod returning;
mod stall;

use super::*;
use crate::availability::Evidence;

const GRACE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A machine with a clock of its own.
struct Bench {
    machine: CircuitMachine,
    checked: bool,
    now: Instant,
}

impl Bench {
    fn new(settings: CircuitSettings, checked: bool) -> Self {
        settings.validate().expect("valid settings");
        let now = Instant::now();
        Self { machine: CircuitMachine::new(settings, Epoch::default(), now), checked, now }
    }

    fn checked() -> Self {
        Self::new(CircuitSettings::default(), true)
    }

    fn unchecked() -> Self {
        Self::new(CircuitSettings::default(), false)
    }

    fn signal(&mut self, signal: Signal) -> CircuitState {
        self.machine.apply(&signal, self.checked, self.now);
        self.status().state
    }

    fn trip(&mut self) -> CircuitState {
        let epoch = self.status().epoch;
        self.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector })
    }

    fn outcome(&mut self, success: bool) -> CircuitState {
        let epoch = self.status().epoch;
        self.signal(Signal::Outcome { epoch, success })
    }

    fn verdict(&mut self, verdict: Verdict) -> CircuitState {
        self.signal(Signal::Verdict(Finding { verdict, evidence: None, on_suspicion: false }))
    }

    /// Time passes; whoever drives the circuit ticks whenever it asks for it, and never else.
    fn pass(&mut self, time: Duration) -> CircuitState {
        let until = self.now + time;
        while let Some(due) = self.status().next_change_at.filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.signal(Signal::Tick);
        }
        self.now = until;
        self.status().state
    }

    /// Time passes, and nobody looks: this process stands still.
    fn stall(&mut self, time: Duration) {
        self.now += time;
    }

    /// Opens and comes back by the rules; for how long it was open.
    fn trip_and_recover(&mut self) -> Duration {
        let opened_at = self.now;
        assert_eq!(self.trip(), CircuitState::Open);
        self.verdict(Verdict::Healthy);
        let due = self.status().next_change_at.expect("the end of the grace period");
        self.pass(due - self.now);
        let lasted = self.now - opened_at;
        assert_eq!(self.verdict(Verdict::Healthy), CircuitState::Closed);
        self.signal(Signal::Activated);
        lasted
    }

    fn status(&self) -> &CircuitStatus {
        self.machine.status()
    }
}
