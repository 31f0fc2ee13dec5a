//! When a silent connection is asked, doubted and given up (B44). Plain and synchronous.

use tokio::time::{Duration, Instant};

/// How long a connection may be silent before it is asked.
pub(super) const SILENCE: Duration = Duration::from_millis(250);

/// How long the answer may take.
pub(super) const DEADLINE: Duration = Duration::from_millis(500);

/// How long it may take before the database is suspected; eight smoothed round trips, if that is more. Well before the
/// deadline, for a database that hangs is only left after the suspicion's probe has failed.
const SUSPECT_AFTER: Duration = Duration::from_millis(10);
const ROUND_TRIPS: u32 = 8;

/// How late something may be noticed before it was we who stood still, and not they (B57).
const STALL: Duration = Duration::from_millis(50);

/// What a connection says about itself by speaking or not.
pub(super) struct Liveness {
    heard: Instant,
    asked: Option<Asked>,
    /// The smoothed round trip of its PINGs.
    round_trip: Duration,
}

#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    suspected: bool,
    /// It was asked once more because we stood still.
    again: bool,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    NothingUntil(Instant),
    Ask,
    Suspect,
    GiveUp,
}

impl Liveness {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, asked: None, round_trip: Duration::ZERO }
    }

    /// Whatever it said, it lives.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
    }

    /// A PING was answered; weighs 1/8 as in TCP (RFC 6298).
    pub(super) fn answered(&mut self, sent: Instant, now: Instant) {
        let took = now.saturating_duration_since(sent);
        self.round_trip = match self.round_trip {
            Duration::ZERO => took,
            smoothed => smoothed - smoothed / 8 + took / 8,
        };
    }

    /// What is to be done now; the caller does it, and asks again.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        let Some(asked) = &mut self.asked else {
            let at = self.heard + SILENCE;
            if now < at {
                return Due::NothingUntil(at);
            }
            self.asked = Some(Asked { at: now, suspected: false, again: false });
            return Due::Ask;
        };
        let patience = SUSPECT_AFTER.max(self.round_trip.saturating_mul(ROUND_TRIPS)).min(DEADLINE);
        let at = asked.at + if asked.suspected { DEADLINE } else { patience };
        if now < at {
            return Due::NothingUntil(at);
        }
        if now - at > STALL && !asked.again {
            *asked = Asked { at: now, suspected: asked.suspected, again: true };
            return Due::Ask;
        }
        if asked.suspected {
            return Due::GiveUp;
        }
        asked.suspected = true;
        Due::Suspect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn b44_a_silent_connection_is_asked_suspected_and_given_up() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start);
        assert_eq!(liveness.due(after(start, 249)), Due::NothingUntil(after(start, 250)));
        assert_eq!(liveness.due(after(start, 250)), Due::Ask);
        assert_eq!(liveness.due(after(start, 250)), Due::NothingUntil(after(start, 260)));
        assert_eq!(liveness.due(after(start, 260)), Due::Suspect);
        assert_eq!(liveness.due(after(start, 260)), Due::NothingUntil(after(start, 750)));
        assert_eq!(liveness.due(after(start, 750)), Due::GiveUp);
    }

    #[test]
    fn b44_whatever_is_heard_counts_as_an_answer() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start);
        assert_eq!(liveness.due(after(start, 250)), Due::Ask);
        liveness.heard(after(start, 700));
        assert_eq!(liveness.due(after(start, 800)), Due::NothingUntil(after(start, 950)));
    }

    #[test]
    fn b44_a_database_far_away_is_not_suspected_for_its_distance() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start);
        liveness.answered(start, after(start, 20));
        assert_eq!(liveness.due(after(start, 250)), Due::Ask);
        assert_eq!(liveness.due(after(start, 260)), Due::NothingUntil(after(start, 410)));

        // Nor is the deadline longer for it.
        liveness.answered(start, after(start, 10_000));
        assert_eq!(liveness.due(after(start, 260)), Due::NothingUntil(after(start, 750)));
    }

    #[test]
    fn b57_after_a_stall_of_our_own_it_is_asked_once_more() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start);
        assert_eq!(liveness.due(after(start, 250)), Due::Ask);
        assert_eq!(liveness.due(after(start, 260)), Due::Suspect);
        assert_eq!(liveness.due(after(start, 3000)), Due::Ask);
        assert_eq!(liveness.due(after(start, 3000)), Due::NothingUntil(after(start, 3500)));
        // A second stall in the same silence is no excuse.
        assert_eq!(liveness.due(after(start, 9000)), Due::GiveUp);
    }
}
