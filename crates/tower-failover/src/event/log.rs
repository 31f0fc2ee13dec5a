//! Events as lines of `tracing` (B53).

use super::Event;

/// Every switch is one WARN line (B51); what is told of one member alone is INFO or DEBUG.
pub(super) fn log(event: &Event) {
    use tracing::{debug, info, warn};
    match event {
        Event::ActiveChanged { from, to, reason, evidence, version } => warn!(
            from = from.as_deref().unwrap_or("none"),
            to = %to,
            ?reason,
            evidence = evidence.as_ref().map(tracing::field::display),
            version,
            "active member changed"
        ),
        Event::CircuitChanged { member, from, to, reason } => {
            info!(member = %member, ?from, ?to, ?reason, "circuit changed");
        }
        Event::VerdictChanged { member, from, to, evidence } => {
            info!(member = %member, ?from, ?to, evidence = evidence.as_ref().map(tracing::field::display), "verdict changed");
        }
        Event::CallsFailed { member, count } => debug!(member = %member, count, "calls failed"),
        Event::OutageBegan => warn!("no member is available"),
        Event::OutageEscalated { lasted } => warn!(?lasted, "still no member is available"),
        Event::OutageEnded { lasted } => warn!(?lasted, "a member is available again"),
        Event::MemberAdded { member } => info!(member = %member, "member added"),
        Event::MemberRemoved { member } => info!(member = %member, "member removed"),
        Event::DiscoverFailed { detail } => warn!(detail = %detail, "members could not be discovered"),
        // While it lasts, the driver warns of it.
        Event::Misconfigured { member, detail } => info!(member = %member, detail = %detail, "misconfigured"),
        Event::RetriesRefused { count } => warn!(count, "the retry budget refused repeats"),
        Event::Panicked { what } => warn!(what = %what, "panicked and was contained"),
        Event::Lagged(missed) => debug!(missed, "an event subscriber was too slow"),
    }
}
