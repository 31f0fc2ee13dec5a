//! Every reply belongs to its call.

use super::{Findings, Told};
use crate::simulation::history::{Outcome, What};

/// Looks at each reply, which names its call.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    for record in told.records {
        if let What::Settled(id, Outcome::Answered { own, reply, .. }) = &record.what {
            findings.expect(*own, record.at, || format!("call {id} was answered with {reply}"));
        }
    }
}
