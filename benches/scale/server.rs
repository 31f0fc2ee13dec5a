//! A server that is away, comes back, and shakes so many hands a second.

use std::time::Duration;

/// Times are since the server was lost.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    back_at: Duration,
    /// What a handshake takes; zero if it is not the limit.
    handshake: Duration,
    free_at: Duration,
}

/// What became of a dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialled {
    /// At once: nobody listens.
    Refused,
    /// Connected at this time.
    At(Duration),
    /// Given up at this time.
    TooLate(Duration),
}

impl Server {
    pub(crate) fn away_for(away: Duration, handshakes_a_second: Option<u32>) -> Self {
        let handshake = handshakes_a_second.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate);
        Self { back_at: away, handshake, free_at: Duration::ZERO }
    }

    pub(crate) fn is_away(&self, now: Duration) -> bool {
        now < self.back_at
    }

    /// One after the other, in the order of the calls. The client waits for no longer than `limit`; what was given up
    /// before the server came to it costs nothing.
    pub(crate) fn dial(&mut self, now: Duration, limit: Duration) -> Dialled {
        if self.is_away(now) {
            return Dialled::Refused;
        }
        let begins = self.free_at.max(now);
        if begins > now + limit {
            return Dialled::TooLate(now + limit);
        }
        self.free_at = begins + self.handshake;
        if self.free_at > now + limit { Dialled::TooLate(now + limit) } else { Dialled::At(self.free_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn who_dials_too_early_is_refused() {
        let mut server = Server::away_for(10 * MILLI, None);
        assert_eq!(server.dial(9 * MILLI, MILLI), Dialled::Refused);
        assert_eq!(server.dial(10 * MILLI, MILLI), Dialled::At(10 * MILLI));
    }

    #[test]
    fn hands_are_shaken_one_after_the_other_and_begun_ones_for_nobody() {
        let mut server = Server::away_for(Duration::ZERO, Some(100));
        let limit = 15 * MILLI;
        assert_eq!(server.dial(Duration::ZERO, limit), Dialled::At(10 * MILLI));
        assert_eq!(server.dial(Duration::ZERO, limit), Dialled::TooLate(15 * MILLI));
        assert_eq!(server.dial(MILLI, MILLI), Dialled::TooLate(2 * MILLI));
        assert_eq!(server.dial(6 * MILLI, 100 * MILLI), Dialled::At(30 * MILLI));
    }
}
