//! What people are told of members as long as it lasts.

use tokio::time::Instant;

use super::Course;

impl<K, S> Course<K, S> {
    /// Who cannot serve, or is misconfigured, is one line at once and one a minute as long as that lasts (B51).
    pub(super) fn remind(&mut self, active: Option<usize>, now: Instant) {
        for (name, view) in self.members.troubled(active, now) {
            tracing::warn!(
                member = %name,
                available = view.is_available(),
                reason = ?view.why(),
                evidence = view.evidence.as_ref().map(tracing::field::display),
                "{}", if view.is_misconfigured() { "member is misconfigured" } else { "member is unavailable" },
            );
        }
    }
}
