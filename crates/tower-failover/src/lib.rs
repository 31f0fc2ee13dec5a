//! Protocol-agnostic failover for Tower services.

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
pub mod retry;
pub mod route;
mod timer;

pub use availability::{Availability, Finding, Signal, Suspicion, Verdict};
pub use backoff::Backoff;
pub use balance::{FailoverConfig, FailoverError, FailoverHandle, Member, Weight, WeightedFailoverBalance};
pub use chance::Chance;
pub use circuit_breaker::{Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitError, CircuitSettings};
pub use classify::{Classify, ErrorsAreFailures, Outcome};
pub use clock::Clock;
pub use deadline::{Deadline, DeadlineError, DeadlineLayer, Sweeper};
pub use event::{Event, EventStream, Events, Name, SwitchReason};
pub use failure_detector::{Detector, Detectors, FailureDetector, FailureDetectorLayer, Thresholds};
pub use health::{
    Check, Health, HealthChecked, HealthChecks, HealthPlan, HealthSettings, HealthStream, Probe,
};
pub use retry::{Retry, RetryLayer, RetryPolicy};
pub use route::Route;
