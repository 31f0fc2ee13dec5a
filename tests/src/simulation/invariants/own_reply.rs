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

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};

    #[test]
    fn a_reply_that_belongs_to_another_is_found() {
        let foreign = Outcome::Answered { own: false, by: None, reply: "call:2".into() };
        assert_eq!(broken(check, [(0, What::Settled(1, foreign))]), ["call 1 was answered with call:2"]);
        assert!(broken(check, [(0, answered(1, None))]).is_empty());
    }
}
