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
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures_util::StreamExt;
//! use tower_failover::{Availability, Check, Event, Events, Health, HealthPlan, Probe, Verdict};
//! use tower_test::mock;
//!
//! let (service, mut handle) = mock::pair::<Probe, Health>();
//! tokio::spawn(async move {
//!     for _ in 0..3 {
//!         let (_probe, respond) = handle.next_request().await.unwrap();
//!         respond.send_response(Health::Healthy);
//!     }
//!     // From the second round on, nothing is answered.
//!     let _unanswered = handle.next_request().await;
//!     std::future::pending::<()>().await;
//! });
//!
//! let events = Events::default();
//! let mut verdicts = events.subscribe();
//! let availability = Availability::new("eu-west", events);
//! let _watch = HealthPlan::new([Check::new("alive", service)]).watch(&availability)?;
//!
//! assert!(matches!(verdicts.next().await, Some(Event::VerdictChanged { to: Verdict::Healthy, .. })));
//! assert!(matches!(verdicts.next().await, Some(Event::VerdictChanged { to: Verdict::Unhealthy, .. })));
//! assert!(!availability.view().is_available());
//! # Ok(()) }
//! ```

mod check;
mod checked;
mod listener;
mod observer;
mod pace;
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
pub use observer::ProbeReport;
pub use pace::Pace;
pub use plan::{HealthPlan, HealthWatch};
pub use policy::{HealthyAll, HealthyAny, HealthyMajority, Policy};
pub use settings::{HealthSettings, HealthSettingsError};
pub use stream::{HealthChange, HealthChecks, HealthStream};
