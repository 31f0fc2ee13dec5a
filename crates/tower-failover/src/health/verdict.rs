//! From single answers to one finding: pure.

use std::error::Error;
use std::io;
use std::sync::Arc;

use tower::BoxError;

use super::check::Health;
use super::policy::Policy;
use crate::availability::{Evidence, Finding, Verdict};

impl From<Health> for Finding {
    fn from(health: Health) -> Self {
        let (verdict, evidence) = match health {
            Health::Healthy => return Self::healthy(),
            Health::Unhealthy(evidence) => return Self::unhealthy(evidence),
            Health::NotPreferred(reason) => (Verdict::NotPreferred, Evidence::Answered(reason)),
            Health::Unknown(reason) => (Verdict::Unknown, Evidence::Undetermined(reason)),
            Health::Misconfigured(detail) => (Verdict::Unknown, Evidence::Misconfigured(detail)),
        };
        Self { verdict, evidence: Some(evidence), on_suspicion: false }
    }
}

/// One finding out of several: the gravest. `None` of none.
///
/// Unhealthy outweighs behind, that unknown, that not preferred, and that healthy: what cannot be found out keeps a member from
/// being chosen, but never makes a dead one look alive (B21, B27).
pub(super) fn gravest(findings: impl IntoIterator<Item = Finding>) -> Option<Finding> {
    // Of equals the first stays, so that the order of the checks decides which evidence is told.
    findings.into_iter().reduce(
        |gravest, next| {
            if gravity(&next) > gravity(&gravest) { next } else { gravest }
        },
    )
}

fn gravity(finding: &Finding) -> u8 {
    match finding.verdict {
        Verdict::Healthy => 0,
        Verdict::NotPreferred => 1,
        Verdict::Unknown => 2,
        Verdict::Unhealthy if !finding.is_failure() => 3,
        Verdict::Unhealthy => 4,
    }
}

/// The probes of one round so far.
#[derive(Debug)]
pub(super) struct Tally {
    policy: Arc<dyn Policy>,
    total: u32,
    passed: u32,
    failed: u32,
    gravest_pass: Option<Finding>,
    last_failure: Option<Finding>,
}

impl Tally {
    pub(super) fn new(policy: Arc<dyn Policy>, total: u32) -> Self {
        Self { policy, total, passed: 0, failed: 0, gravest_pass: None, last_failure: None }
    }

    /// Takes one probe's result; returns the round's finding once it is decided.
    pub(super) fn take(&mut self, health: Health) -> Option<Finding> {
        let finding = Finding::from(health);
        if finding.verdict == Verdict::Unhealthy {
            self.failed += 1;
            self.last_failure = Some(finding);
        } else {
            self.passed += 1;
            self.gravest_pass = gravest(self.gravest_pass.take().into_iter().chain([finding]));
        }
        let is_last = self.passed + self.failed >= self.total;
        let passes =
            self.policy.decide(self.passed, self.failed, self.total).or_else(|| is_last.then_some(false))?;
        Some(if passes {
            self.gravest_pass.take().unwrap_or_else(Finding::healthy)
        } else {
            self.last_failure.take().unwrap_or_else(|| {
                Finding::unhealthy(Evidence::Answered("too few probes for the policy".into()))
            })
        })
    }
}

/// What an error of a check says: an I/O error somewhere in its chain tells a dead member from one that answers.
pub(super) fn evidence_of(error: &BoxError) -> Evidence {
    let timed_out = |error: &(dyn Error + 'static)| {
        error.is::<tokio::time::error::Elapsed>()
            || error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    let text = || {
        let mut text = String::new();
        for cause in causes(error).map(ToString::to_string) {
            // Many errors tell their source's text already.
            if !text.contains(&cause) {
                text.push_str(if text.is_empty() { "" } else { ": " });
                text.push_str(&cause);
            }
        }
        Arc::from(text)
    };
    if causes(error).any(timed_out) {
        Evidence::TimedOut
    } else if causes(error).any(<dyn Error>::is::<io::Error>) {
        Evidence::Unreachable(text())
    } else {
        Evidence::Answered(text())
    }
}

/// The error and its sources.
fn causes(error: &BoxError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let outermost: &(dyn Error + 'static) = &**error;
    std::iter::successors(Some(outermost), |&error| error.source())
}
