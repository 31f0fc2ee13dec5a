//! The layer of [`Retry`].

use std::fmt;
use std::sync::Arc;

use tokio::time::Duration;
use tower_layer::Layer;

use super::budget::{Budget, Calls};
use super::counters::RetryCounters;
use super::{Retry, Shared};
use crate::aggregate::Aggregate;
use crate::backoff::Backoff;
use crate::chance::Chance;
use crate::event::{Event, Events};
use crate::local::Local;

/// How often and how soon failed attempts are repeated (B31, B34).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySettings {
    /// How often a call is repeated at most (default 3); 0 for never.
    pub retries: u32,
    /// The wait before a repeat on the same member (default 10 ms doubling to 1 s, full jitter).
    pub backoff: Backoff,
    /// Repeats on the same member, as a share of recent calls (default 0.2).
    pub budget_share: f64,
    /// Repeats a second on the same member that are allowed however few calls there are (default 10).
    pub budget_floor: u32,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            retries: 3,
            backoff: Backoff::new(Duration::from_millis(10), Duration::from_secs(1)),
            budget_share: 0.2,
            budget_floor: 10,
        }
    }
}

/// Repeats failed calls with a [`Retry`].
///
/// # Clone
/// Services made by clones have budgets of their own, and count into the same [`counters`](Self::counters).
#[derive(Clone)]
pub struct RetryLayer<P, R = ()> {
    policy: P,
    route: R,
    settings: RetrySettings,
    chance: Chance,
    events: Events,
    counters: RetryCounters,
}

impl<P> RetryLayer<P> {
    /// Repeats what this policy allows, for a service that has only one place to go.
    #[must_use]
    pub fn new(policy: P) -> Self {
        Self {
            policy,
            route: (),
            settings: RetrySettings::default(),
            chance: Chance::default(),
            events: Events::default(),
            counters: RetryCounters::default(),
        }
    }
}

impl<P, R> RetryLayer<P, R> {
    /// Follows this route: a wait ends when calls go elsewhere.
    #[must_use]
    pub fn route<Q>(self, route: Q) -> RetryLayer<P, Q> {
        RetryLayer {
            policy: self.policy,
            route,
            settings: self.settings,
            chance: self.chance,
            events: self.events,
            counters: self.counters,
        }
    }

    /// How often and how soon.
    #[must_use]
    pub fn settings(self, settings: RetrySettings) -> Self {
        Self { settings, ..self }
    }

    /// Where the jitter comes from.
    #[must_use]
    pub fn chance(self, chance: Chance) -> Self {
        Self { chance, ..self }
    }

    /// Where it is told that the budget refused repeats.
    #[must_use]
    pub fn events(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// What retries do from now on.
    #[must_use]
    pub fn counters(&self) -> RetryCounters {
        self.counters.clone()
    }
}

impl<P, S, R> Layer<S> for RetryLayer<P, R>
where
    P: Clone,
    S: Clone,
    R: Clone,
{
    type Service = Retry<P, S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = Shared {
            policy: self.policy.clone(),
            route: self.route.clone(),
            pristine: inner.clone(),
            settings: self.settings,
            budget: Budget::new(self.settings.budget_share, self.settings.budget_floor),
            chance: self.chance.clone(),
            refusals: Aggregate::new(self.events.clone(), |count| Event::RetriesRefused { count }),
            counters: self.counters.clone(),
        };
        Retry { inner, shared: Local::new(Arc::new(shared)), calls: Calls::default() }
    }
}

impl<P, R> fmt::Debug for RetryLayer<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}
