//! When bytes that arrived now are to be delivered.

use std::time::Duration;

use tokio::time::Instant;

/// After how long TCP sends a lost segment again at first, on a short way; the time doubles.
pub(super) const FIRST: Duration = Duration::from_millis(200);
/// The same for the first segment of a connection.
pub(super) const FIRST_OF_SYN: Duration = Duration::from_secs(1);
/// So often at most; then a connection is as good as dead.
const AGAIN: u32 = 8;

/// How much later a segment comes where such a share is lost.
pub(super) fn retransmission(first: Duration, lost: f64) -> Duration {
    let again = (0..AGAIN).take_while(|_| fastrand::f64() < lost).count();
    (0..again).map(|time| first * (1 << time)).sum()
}

/// The delivery times of one direction of one connection: never before an earlier one.
#[derive(Debug)]
pub(super) struct Delay {
    last: Instant,
}

impl Delay {
    pub(super) fn new(now: Instant) -> Self {
        Self { last: now }
    }

    /// The delivery time of bytes that arrived at `now`; `random` in 0..1 says how much of the jitter.
    pub(super) fn stamp(
        &mut self,
        now: Instant,
        latency: Duration,
        jitter: Duration,
        random: f64,
    ) -> Instant {
        self.last = self.last.max(now + latency + jitter.mul_f64(random));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_lost_comes_later_each_time() {
        assert_eq!(retransmission(FIRST, 0.0), Duration::ZERO);
        assert_eq!(retransmission(MS, 1.0), 255 * MS);
        let late = (0..1000).filter(|_| !retransmission(MS, 0.2).is_zero()).count();
        assert!((100..300).contains(&late), "{late} of 1000");
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_keep_their_order_whatever_the_jitter() {
        let now = Instant::now();
        let mut delay = Delay::new(now);
        assert_eq!(delay.stamp(now, 10 * MS, 10 * MS, 1.0), now + 20 * MS);
        assert_eq!(delay.stamp(now + MS, 10 * MS, 10 * MS, 0.0), now + 20 * MS);
        assert_eq!(delay.stamp(now + 30 * MS, 10 * MS, 10 * MS, 0.5), now + 45 * MS);
    }
}
