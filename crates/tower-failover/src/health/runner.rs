//! One check of one member, and when it is asked next.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::check::ProbeCause;
use super::pace::Pace;
use super::round::{Examiner, Findings, rest};
use super::settings::HealthSettings;
use crate::availability::Finding;
use crate::chance::Chance;

/// Rests, runs a round, rests again. Rounds of one check never overlap, because there is room for one only (B19).
pub(super) struct Runner {
    pub(super) examiner: Examiner,
    settings: HealthSettings,
    chance: Chance,
    pace: Pace,
    work: Work,
    last: Option<Finding>,
    next_at: Option<Instant>,
    failures: u32,
    owed: bool,
}

enum Work {
    Rest(Pin<Box<Sleep>>),
    Round(Findings),
}

impl Runner {
    /// Its first round begins at once, and is owed.
    pub(super) fn new(examiner: Examiner, settings: HealthSettings, chance: Chance, pace: Pace) -> Self {
        let work = Work::Round(examiner.round(&settings, ProbeCause::Scheduled));
        Self { examiner, settings, chance, pace, work, last: None, next_at: None, failures: 0, owed: true }
    }

    /// Ready with what a round has found.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Finding> {
        loop {
            match &mut self.work {
                Work::Rest(rest) => {
                    ready!(rest.as_mut().poll(context));
                    self.begin(ProbeCause::Scheduled);
                }
                Work::Round(round) => {
                    let finding = ready!(round.as_mut().poll(context));
                    self.owed = false;
                    self.conclude(finding.clone());
                    return Poll::Ready(finding);
                }
            }
        }
    }

    /// A round is wanted now; one that is on its way is as good.
    pub(super) fn demand(&mut self) {
        self.owed = true;
        if matches!(self.work, Work::Rest(_)) {
            self.next_at = Some(Instant::now());
            self.begin(ProbeCause::Requested);
        }
    }

    /// Whether a round has been asked for that has not ended yet.
    pub(super) fn is_owed(&self) -> bool {
        self.owed
    }

    /// What was found last.
    pub(super) fn last(&self) -> Option<&Finding> {
        self.last.as_ref()
    }

    /// When its next round is due, or the one that runs was; `None` while its first does.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Takes a finding as the newest. A round on its way began before it, and is given up (B23).
    pub(super) fn conclude(&mut self, finding: Finding) {
        self.failures = if finding.is_failure() { self.failures.saturating_add(1) } else { 0 };
        self.last = Some(finding);
        let next_at = self.next_begin(Instant::now());
        self.next_at = Some(next_at);
        self.work = Work::Rest(Box::pin(sleep_until(next_at)));
    }

    /// Together with other members, unless it has to be sooner.
    fn next_begin(&self, now: Instant) -> Instant {
        let own = now + rest(&self.settings, self.failures, &self.chance);
        if self.has_failed() {
            return own;
        }
        let HealthSettings { interval, interval_jitter, .. } = self.settings;
        let leeway = interval.mul_f64(interval_jitter);
        self.pace.join(own, now + interval.saturating_sub(leeway)..=now + (interval + leeway))
    }

    fn begin(&mut self, cause: ProbeCause) {
        self.work = Work::Round(self.examiner.round(&self.settings, cause));
    }
}
