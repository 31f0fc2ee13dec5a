//! The loop that watches one member.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::time::{Duration, Instant};

use super::round::Findings;
use super::runner::Runner;
use super::verdict::gravest;
use crate::availability::{Finding, ProbeSide, Signal, Suspicion};

/// All checks of one member. They run side by side, each at its own pace; a suspicion waits for none of them.
pub(super) struct ProbeLoop {
    side: ProbeSide,
    runners: Vec<Runner>,
    suspicion: Suspicion,
    doubt: Doubt,
    /// When a suspicion's probe last passed.
    cleared_at: Option<Instant>,
    /// Whether somebody waits for a full round.
    requested: bool,
}

/// What becomes of a suspicion.
enum Doubt {
    /// There is none.
    Calm,
    /// A probe is on its way.
    Probing(Findings),
    /// The member is known to be unhealthy. It is asked again at the pace of its backoff, whoever asks (B36), and
    /// that round settles it.
    LeftToRound,
}

enum Turn {
    Rung,
    Round(usize, Finding),
    Suspicion(Finding),
}

impl ProbeLoop {
    pub(super) fn new(side: ProbeSide, runners: Vec<Runner>, suspicion: Suspicion) -> Self {
        Self { side, runners, suspicion, doubt: Doubt::Calm, cleared_at: None, requested: false }
    }

    /// Never ends by itself.
    pub(super) async fn run(mut self) {
        loop {
            match poll_fn(|context| self.poll_turn(context)).await {
                Turn::Rung => self.rung(),
                Turn::Round(index, finding) => {
                    self.tell_next();
                    self.round_ended(index, &finding);
                }
                Turn::Suspicion(finding) => {
                    self.suspicion_ended(finding);
                    self.tell_next();
                }
            }
        }
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if self.side.bell().poll_rung(context).is_ready() {
            return Poll::Ready(Turn::Rung);
        }
        if let Doubt::Probing(probe) = &mut self.doubt
            && let Poll::Ready(finding) = probe.as_mut().poll(context)
        {
            return Poll::Ready(Turn::Suspicion(finding));
        }
        for (index, runner) in self.runners.iter_mut().enumerate() {
            if let Poll::Ready(finding) = runner.poll(context) {
                return Poll::Ready(Turn::Round(index, finding));
            }
        }
        Poll::Pending
    }

    /// Who asks while a full round is on its way gets that round's answer.
    fn rung(&mut self) {
        if !self.requested && self.side.round_wanted() {
            self.requested = true;
            self.runners.iter_mut().for_each(Runner::demand);
            self.tell_next();
        }
        if matches!(self.doubt, Doubt::Calm) && self.side.availability().is_suspected() {
            self.look_into_suspicion();
        }
    }

    fn look_into_suspicion(&mut self) {
        let asked = self.asked_on_suspicion().filter(|_| !self.suspicion.is_off());
        // Else another loop does, from which this one takes over, or which takes over from this one.
        let Some(runner) = asked.map(|index| &self.runners[index]) else { return };
        self.doubt = if runner.has_failed() {
            Doubt::LeftToRound
        } else {
            let since_cleared = self.cleared_at.map_or(Duration::MAX, |cleared_at| cleared_at.elapsed());
            let wait = self.suspicion.spacing.saturating_sub(since_cleared);
            let round_trip = self.side.availability().traffic().round_trip();
            Doubt::Probing(runner.examiner.suspicion(wait, self.suspicion.timeout_for(round_trip)))
        };
    }

    /// The first check that tells whether the member lives.
    fn asked_on_suspicion(&self) -> Option<usize> {
        self.runners.iter().position(|runner| runner.examiner.check.tells_life())
    }

    fn round_ended(&mut self, index: usize, finding: &Finding) {
        let failed = finding.is_failure();
        // A failure counts at once. Anything else has to wait until all that was asked for is known.
        if failed || !self.runners.iter().any(Runner::is_owed) {
            self.report();
        }
        let settles = match self.doubt {
            Doubt::Calm => false,
            // It began before this verdict, and so says nothing against it (B23).
            Doubt::Probing(_) => failed,
            Doubt::LeftToRound => failed || self.asked_on_suspicion() == Some(index),
        };
        if settles {
            self.doubt = Doubt::Calm;
            self.side.suspicion_settled(None);
        }
    }

    fn tell_next(&self) {
        let next = self.runners.iter().filter_map(Runner::next_at).min();
        self.side.next_round_at(next);
    }

    /// Tells what all checks together say; between its rounds, each check's last finding counts.
    fn report(&mut self) {
        let findings = self.runners.iter().filter_map(Runner::last).cloned();
        let Some(finding) = gravest(findings) else { return };
        if std::mem::take(&mut self.requested) {
            self.side.round_ended(&finding);
        } else {
            self.side.availability().signal(Signal::Verdict(finding));
        }
    }

    fn suspicion_ended(&mut self, finding: Finding) {
        self.doubt = Doubt::Calm;
        if finding.is_failure() {
            if let Some(index) = self.asked_on_suspicion() {
                self.runners[index].conclude(finding.clone());
            }
            self.side.suspicion_settled(Some(finding));
        } else {
            self.cleared_at = Some(Instant::now());
            self.side.suspicion_settled(None);
        }
    }
}
