//! Failover between services, as Tower middleware: one active inner service, left when it fails, returned to when it
//! is well again. Knows no protocol and does no I/O; every layer works alone, and on any service.
//!
//! ```text
//! Retry                        each attempt asks again which member is active
//!   WeightedFailoverBalance    one active member for all clones; changes only on an event
//!     ── per member ─────────────────────────────────────────────────────────
//!     CircuitBreaker           admits or refuses; never counts
//!       FailureDetector        classifies each outcome and counts; never gates
//!         Deadline             so that a hang becomes an outcome
//!           your service       never reports a failure that may pass from poll_ready
//!
//! Discover      who is a member, with which weight ──▶ Driver ──▶ the active member     (background; moves with zero traffic)
//! HealthStream  verdicts ──▶ Availability ◀── Circuit
//!                                └────────▶ Driver                                      (sees availability, not why)
//! ```
//!
//! Two regions; the first one breaks, and the call goes to the other:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_failover::balance::fixed;
//! use tower_failover::{
//!     Availability, Circuit, CircuitBreakerLayer, CircuitSettings, DeadlineLayer, Events, FailoverConfig,
//!     FailureDetectorLayer, Member, Thresholds, Weight, WeightedFailoverBalance,
//! };
//!
//! let region = |name: &'static str, weight: f64, answer: Result<&'static str, &'static str>| {
//!     let availability = Availability::new(name, Events::default());
//!     let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
//!     let thresholds = Thresholds::new(1, 0.1, Duration::from_secs(2)).unwrap();
//!     let stack = ServiceBuilder::new()
//!         .layer(CircuitBreakerLayer::new(circuit))
//!         .layer(FailureDetectorLayer::new(availability.clone()).thresholds(thresholds))
//!         .layer(DeadlineLayer::new(Duration::from_millis(500)))
//!         .service(service_fn(move |_: ()| async move { answer }));
//!     Member::new(stack, availability).weight(Weight::new(weight).unwrap())
//! };
//! let members = fixed([region("eu-west", 1.0, Err("out of order")), region("us-east", 0.5, Ok("hello"))]);
//! let mut balance = WeightedFailoverBalance::new(members, FailoverConfig::default())?;
//!
//! let failed = balance.ready().await.unwrap().call(()).await;
//! assert!(failed.is_err()); // One failure is enough here; a `Retry` above would repeat the call.
//!
//! tokio::task::yield_now().await; // The driver takes its turn.
//! let answer = balance.ready().await.unwrap().call(()).await.unwrap();
//! assert_eq!(answer, "hello");
//! assert_eq!(balance.handle().snapshot().active.as_deref(), Some("us-east"));
//! # Ok(()) }
//! ```
//!
//! # Layout
//!
//! The layers, from the outermost to the innermost:
//!
//! - [`retry`]: repeats what may be repeated, within a budget, and follows the active member
//! - [`balance`]: one active member for all clones, its driver, and the handle to look and steer
//! - [`circuit_breaker`]: admits calls or refuses them, as the member's circuit says
//! - [`failure_detector`]: counts outcomes in a sliding window of time, and trips the circuit
//! - [`deadline`]: a limit for every call, and the sweeper that notices silence
//!
//! Beside the calls:
//!
//! - [`health`]: independent probe loops, their policies, and health as a stream or as a `Discover`
//! - [`availability`]: what a member says about itself, between those who judge it and those who choose
//!
//! What they share:
//!
//! - [`classify`]: what the outcome of a call says about the member that ran it
//! - [`CallInPlace`]: calls that borrow the layers, for whoever calls them by their own type
//! - [`event`]: every transition, to `tracing`, to subscribers and to listeners
//! - [`route`]: where calls go now, as far as a retry needs to know it
//! - [`backoff`]: exponential waits with full jitter
//! - [`chance`]: the one source of jitter, which can be seeded
//! - [`clock`]: milliseconds, precise or published by the sweeper
//!
//! Numbers such as B17 stand for rules of behaviour; the guide in the documentation of `redis-failover` lists them.

mod aggregate;
pub mod availability;
pub mod backoff;
pub mod balance;
mod bell;
pub mod chance;
pub mod circuit_breaker;
pub mod classify;
pub mod clock;
pub mod deadline;
pub mod event;
pub mod failure_detector;
pub mod health;
pub mod in_place;
mod local;
pub mod retry;
pub mod route;
mod sync;
mod timer;

pub use availability::{Availability, Finding, Signal, Suspicion, Verdict};
pub use backoff::Backoff;
pub use balance::{FailoverConfig, FailoverError, FailoverHandle, Member, Weight, WeightedFailoverBalance};
pub use chance::Chance;
pub use circuit_breaker::{Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitError, CircuitSettings};
pub use classify::{Classify, ErrorsAreFailures, Kinds, Outcome};
pub use clock::Clock;
pub use deadline::{Deadline, DeadlineError, DeadlineLayer, Sweeper};
pub use event::{Event, EventStream, Events, Listener, Name, SwitchReason};
pub use failure_detector::{Detector, Detectors, FailureDetector, FailureDetectorLayer, Thresholds};
pub use health::{
    Check, Health, HealthChecked, HealthChecks, HealthPlan, HealthSettings, HealthStream, Probe,
};
pub use in_place::CallInPlace;
pub use retry::{Retry, RetryLayer, RetryPolicy};
pub use route::Route;
