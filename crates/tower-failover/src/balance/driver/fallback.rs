//! Back to a heavier member, by timer (B37).

use tokio::time::{Duration, Instant};

use super::Course;
use super::orders::Purpose;
use crate::availability::Preference;
use crate::balance::config::FailoverConfig;
use crate::balance::contained::Contained;
use crate::balance::select::best;
use crate::chance::Chance;

/// When a heavier member is next looked for.
pub(super) struct FallbackTimer {
    interval: Option<Duration>,
    jitter: f64,
    chance: Chance,
    due_at: Option<Instant>,
}

impl FallbackTimer {
    pub(super) fn new(config: &FailoverConfig, now: Instant) -> Self {
        let mut timer = Self {
            interval: config.auto_fallback_interval,
            jitter: config.fallback_jitter,
            chance: config.chance.clone(),
            due_at: None,
        };
        timer.restart(now);
        timer
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Whether the time has come; if so, the next interval begins.
    fn has_come(&mut self, now: Instant) -> bool {
        let has_come = self.due_at.is_some_and(|due_at| due_at <= now);
        if has_come {
            self.restart(now);
        }
        has_come
    }

    fn restart(&mut self, now: Instant) {
        let interval = self.interval.map(|interval| self.chance.around(interval, self.jitter));
        self.due_at = interval.and_then(|interval| now.checked_add(interval));
    }
}

impl<K: Eq, S> Course<K, S> {
    /// Asks a heavier member for one full round when the time has come.
    pub(super) fn look_for_fallback(&mut self, now: Instant) {
        if !self.fallback.has_come(now) {
            return;
        }
        let active = self.active();
        if active.is_none() || active == self.members.pinned().and_then(|name| self.members.index_of(name)) {
            return;
        }
        let standings = self.members.standings();
        let healthy = |index: usize| {
            standings[index].preference_if(active == Some(index)).filter(|&how| how == Preference::Healthy)
        };
        let strategy = Contained { strategy: &*self.config.strategy, events: &self.config.events };
        let target = best(&standings, healthy, active, &strategy).filter(|&index| Some(index) != active);
        if let Some(entry) = target.and_then(|index| self.members.get(index)) {
            let (name, round) = (entry.name().clone(), entry.availability.request_round());
            self.rounds.push(Box::pin(async move { (name, Purpose::Fallback, round.await.ok()) }));
        }
    }
}
