//! The pace of dials that are refused because something is set up wrongly, or because there is no room. Pure.

use redis::{RedisError, RedisResult};
use tokio::time::{Duration, Instant};
use tower_failover::Backoff;

/// Nobody heals such a refusal by asking again soon (B14).
const PACE: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// What became of the last dial, if it was refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Option<Refusal>);

#[derive(Debug)]
struct Refusal {
    error: RedisError,
    repeats: u32,
    until: Instant,
}

impl Refusals {
    /// Whether a dial may be made now; else the answer that it would get.
    pub(crate) fn admit(&self, now: Instant) -> RedisResult<()> {
        match &self.0 {
            Some(refusal) if now < refusal.until => Err(refusal.error.clone()),
            _ => Ok(()),
        }
    }

    pub(crate) fn refused(&mut self, error: &RedisError, now: Instant) {
        let repeats = match &self.0 {
            // Dials made side by side are one.
            Some(refusal) if now < refusal.until => return,
            Some(refusal) => refusal.repeats.saturating_add(1),
            None => 0,
        };
        self.0 = Some(Refusal { error: error.clone(), repeats, until: now + PACE.limit(repeats) });
    }

    /// A dial ended otherwise.
    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }

    pub(super) fn is_refused(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use redis::ErrorKind;

    use super::*;

    fn wrong() -> RedisError {
        (ErrorKind::AuthenticationFailed, "wrong").into()
    }

    #[test]
    fn b14_refused_dials_are_paced_from_1_s_to_30_s() {
        let begin = Instant::now();
        let mut refusals = Refusals::default();
        let mut admitted = Vec::new();
        for second in 0..100 {
            let now = begin + Duration::from_secs(second);
            if refusals.admit(now).is_ok() {
                admitted.push(second);
                refusals.refused(&wrong(), now);
                // Another one, made at the same time.
                refusals.refused(&wrong(), now);
            }
        }
        assert_eq!(admitted, [0, 1, 3, 7, 15, 31, 61, 91]);
    }

    #[test]
    fn b14_after_a_dial_that_was_not_refused_the_pace_begins_anew() {
        let begin = Instant::now();
        let mut refusals = Refusals::default();
        for second in [0, 1, 3, 7] {
            refusals.refused(&wrong(), begin + Duration::from_secs(second));
        }
        refusals.forget();
        assert!(!refusals.is_refused());
        let now = begin + Duration::from_secs(8);
        refusals.refused(&wrong(), now);
        assert!(refusals.admit(now).is_err());
        assert!(refusals.admit(now + Duration::from_secs(1)).is_ok());
    }
}
