//! The client: retry over balance over members, as an application composes them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use tokio::sync::mpsc;
use tower::Layer;
use tower::discover::Change;
use tower_failover::balance::{ActiveRoute, Candidate, HighestWeight, Strategy};
use tower_failover::deadline::DeadlineError;
use tower_failover::retry::{Assessment, RetrySettings};
use tower_failover::{
    Backoff, Chance, CircuitError, Events, FailoverConfig, FailoverError, FailoverHandle, Member, Retry,
    RetryLayer, RetryPolicy, WeightedFailoverBalance,
};

use crate::member::{Stack, text};
use crate::scripted::{Reply, Request, Trouble};
use crate::story::Settings;

pub(crate) type Error = FailoverError<CircuitError<DeadlineError<Trouble>>>;
pub(crate) type Client = Retry<ByKind, WeightedFailoverBalance<Stack>, ActiveRoute>;
type Membership = Result<Change<String, Member<Stack>>, std::convert::Infallible>;
pub(crate) type Memberships = mpsc::UnboundedSender<Membership>;

/// The client, and what steers it: the handle, and the way on which members join and leave.
pub(crate) fn build(
    settings: &Settings,
    members: Vec<(String, Member<Stack>)>,
    events: &Events,
) -> Result<(Client, FailoverHandle, Memberships), String> {
    let (memberships, mut received) = mpsc::unbounded_channel::<Membership>();
    for (name, member) in members {
        memberships.send(Ok(Change::Insert(name, member))).map_err(text)?;
    }
    let discover = stream::poll_fn(move |context| received.poll_recv(context));
    let balance = WeightedFailoverBalance::new(discover, config(settings, events)?).map_err(text)?;
    let handle = balance.handle();
    let spec = &settings.retry;
    let usual = RetrySettings::default();
    let (base, cap) = (Duration::from_millis(10), Duration::from_secs(1));
    let retries = RetrySettings {
        retries: spec.retries,
        backoff: Backoff::new(spec.base.map_or(base, |time| time.0), spec.cap.map_or(cap, |time| time.0)),
        budget_share: spec.budget_share.unwrap_or(usual.budget_share),
        budget_floor: spec.budget_floor.unwrap_or(usual.budget_floor),
    };
    let retry = RetryLayer::new(ByKind)
        .route(balance.route())
        .settings(retries)
        .chance(Chance::seeded(0))
        .events(events.clone());
    Ok((retry.layer(balance), handle, memberships))
}

fn config(settings: &Settings, events: &Events) -> Result<FailoverConfig, String> {
    let mut config = FailoverConfig::default();
    config.events = events.clone();
    config.chance = Chance::seeded(0);
    config.fallback_jitter = 0.0;
    if let Some(limit) = settings.auto_fallback_interval {
        config.auto_fallback_interval = limit.0;
    }
    if let Some(limit) = settings.wait_for_member {
        config.wait_for_member = limit.0;
    }
    let or = |time: Option<crate::time::Time>, usual| time.map_or(usual, |time| time.0);
    config.failover_attempts = settings.failover_attempts.unwrap_or(config.failover_attempts);
    config.failover_delay = or(settings.failover_delay, config.failover_delay);
    config.all_at_once_window = or(settings.all_at_once_window, config.all_at_once_window);
    config.wait_for_first_verdict = or(settings.wait_for_first_verdict, config.wait_for_first_verdict);
    config.wait_for_return = or(settings.wait_for_return, config.wait_for_return);
    config.strategy = match settings.strategy.as_deref() {
        None | Some("highest_weight") => Arc::new(HighestWeight),
        Some("lowest_weight") => Arc::new(LowestWeight),
        Some("broken") => Arc::new(Broken),
        Some(other) => return Err(format!("`{other}` is no strategy")),
    };
    Ok(config)
}

/// A strategy of the application's.
struct LowestWeight;

impl Strategy for LowestWeight {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        let mut lowest = 0;
        for (index, candidate) in candidates.iter().enumerate() {
            if candidate.weight < candidates[lowest].weight {
                lowest = index;
            }
        }
        lowest
    }
}

/// A strategy that names nobody.
struct Broken;

impl Strategy for Broken {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        candidates.len()
    }
}

/// Which attempts are repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByKind;

impl RetryPolicy<Request, Reply, Error> for ByKind {
    fn assess(&self, result: Result<&Reply, &Error>) -> Assessment {
        match result {
            Ok(_) => Assessment::Final,
            Err(FailoverError::Inner(CircuitError::Inner(DeadlineError::Inner(trouble)))) => match trouble {
                Trouble::Unreachable | Trouble::Refused(_) => Assessment::NotApplied,
                Trouble::Broken | Trouble::Lost => Assessment::Ambiguous,
                Trouble::ErrorReply | Trouble::BadCall => Assessment::Final,
            },
            Err(FailoverError::Inner(CircuitError::Inner(_))) => Assessment::Ambiguous,
            Err(_) => Assessment::NotApplied,
        }
    }

    fn repeatable(&self, request: &Request) -> bool {
        request.repeatable
    }

    fn clone_request(&self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}
