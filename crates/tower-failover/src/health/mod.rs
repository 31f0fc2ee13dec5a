//! Health checks: whether a member lives, found out without traffic.
//!
//! A check is a Tower service that answers a [`Probe`] with [`Health`]. A [`HealthPlan`] says which checks watch a
//! member and how; [`HealthPlan::watch`] runs them in a loop of the member's own, so that a hung check delays no
//! other member (B18). What they find goes straight into the member's [`Availability`](crate::Availability).
//! [`HealthChecks`] keeps the loops of many members, [`HealthStream`] tells what changed, and [`HealthChecked`]
//! turns health into a `Discover` for tower's own balancers.
//!
//! One round of a check is a few probes, bounded one by one, of which a [`Policy`] decides how many must pass. A
//! member's verdict is the gravest of its checks' last findings: unhealthy, then unknown, then not preferred, then
//! healthy.

mod check;
mod checked;
mod listener;
mod plan;
mod policy;
mod probe_loop;
mod round;
mod runner;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod verdict;

pub use check::{Check, Health, Probe, ProbeCause};
pub use checked::HealthChecked;
pub use plan::{HealthPlan, HealthWatch};
pub use policy::{HealthyAll, HealthyAny, HealthyMajority, Policy};
pub use settings::{HealthSettings, HealthSettingsError};
pub use stream::{HealthChange, HealthChecks, HealthStream};
