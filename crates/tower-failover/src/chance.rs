//! The one source of chance, so that a run can be repeated from its seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Duration;

/// Where jitter comes from. Seeded, so that a test or a simulation replays exactly.
///
/// # Clone
/// Clones draw from the same sequence.
#[derive(Debug, Clone)]
pub struct Chance(Arc<AtomicU64>);

impl Default for Chance {
    /// A new sequence for every process.
    fn default() -> Self {
        Self::seeded(fastrand::u64(..))
    }
}

impl Chance {
    /// The sequence of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// A number in 0.0..1.0.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let seed = self.0.fetch_add(1, Ordering::Relaxed);
        fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).f64()
    }

    /// A duration between zero and `limit`: full jitter.
    #[must_use]
    pub fn up_to(&self, limit: Duration) -> Duration {
        limit.mul_f64(self.fraction())
    }

    /// `middle`, give or take up to `share` of it (0.2 is ± 20 %).
    #[must_use]
    pub fn around(&self, middle: Duration, share: f64) -> Duration {
        middle.mul_f64(1.0 + share * (2.0 * self.fraction() - 1.0))
    }
}
