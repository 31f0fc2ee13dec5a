//! How a subscriber listens.

use std::time::Duration;

use super::buffer::Limits;

/// How a subscriber listens, and how much it keeps for a slow reader.
///
/// ```
/// use redis_failover::pubsub::PubSubSettings;
///
/// let settings = PubSubSettings::new().warm(true).buffer(100_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PubSubSettings {
    warm: bool,
    overlap: Duration,
    limits: Limits,
}

impl Default for PubSubSettings {
    fn default() -> Self {
        Self { warm: false, overlap: Duration::ZERO, limits: Limits { items: 8192, bytes: 32 * 1024 * 1024 } }
    }
}

impl PubSubSettings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Subscribed at all databases, so that a switch dials nothing and loses less (off); see
    /// [warm mode](crate::pubsub#warm-mode).
    #[must_use]
    pub fn warm(mut self, warm: bool) -> Self {
        self.warm = warm;
        self
    }

    /// In warm mode: how much earlier than this subscriber publishers may be moved from one living database to another
    /// (zero). What the new one has received for so long, but not before the former one's last message, comes after the
    /// gap. For fleets whose members are moved by hand, or fall back, one after the other.
    #[must_use]
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// How many items wait to be read before the oldest is dropped (8192; at least 1). In warm mode each standby keeps
    /// as many, while the active database is silent.
    #[must_use]
    pub fn buffer(mut self, items: usize) -> Self {
        self.limits.items = items.max(1);
        self
    }

    /// How many bytes they may have together, about (32 MiB). One message is kept, however large.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    pub(super) fn is_warm(&self) -> bool {
        self.warm
    }

    pub(super) fn overlap_before(&self) -> Duration {
        self.overlap
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }
}
