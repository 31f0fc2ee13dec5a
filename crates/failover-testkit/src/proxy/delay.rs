//! When bytes that arrived now are to be delivered.

use std::time::Duration;

use tokio::time::Instant;

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

    #[tokio::test(start_paused = true)]
    async fn bytes_keep_their_order_whatever_the_jitter() {
        let now = Instant::now();
        let mut delay = Delay::new(now);
        assert_eq!(delay.stamp(now, 10 * MS, 10 * MS, 1.0), now + 20 * MS);
        assert_eq!(delay.stamp(now + MS, 10 * MS, 10 * MS, 0.0), now + 20 * MS);
        assert_eq!(delay.stamp(now + 30 * MS, 10 * MS, 10 * MS, 0.5), now + 45 * MS);
    }
}
