//! Stories of retries.

mod hangs;
mod limits;
mod safety;
mod service;
mod waits;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep, timeout};
use tokio_test::{assert_pending, assert_ready};
use tower::{BoxError, Layer, ServiceExt, service_fn};
use tower_test::mock::{self, Handle, Mock, SendResponse};

use super::*;
use crate::event::Event;

type Request = &'static str;
type Reply = &'static str;

/// "refused" was not applied, "broken" is ambiguous; a "get" may be repeated, a "once" is not even kept, a "peek"
/// changes nothing.
#[derive(Clone, Copy, Default)]
struct Policy {
    deadline: Option<Duration>,
}

impl RetryPolicy<Request, Reply, BoxError> for Policy {
    fn assess(&self, result: Result<&Reply, &BoxError>) -> Assessment {
        match result.map_err(ToString::to_string) {
            Ok(&"loading") => Assessment::NotApplied,
            Err(error) if error == "refused" => Assessment::NotApplied,
            Err(error) if error == "broken" => Assessment::Ambiguous,
            _ => Assessment::Final,
        }
    }

    fn repeatable(&self, request: &Request) -> bool {
        *request == "get"
    }

    fn changes(&self, request: &Request) -> bool {
        *request != "peek"
    }

    fn clone_request(&self, request: &Request) -> Option<Request> {
        (*request != "once").then_some(*request)
    }

    fn deadline(&self, _request: &Request) -> Option<Duration> {
        self.deadline
    }
}

/// A route that goes where the test says.
#[derive(Clone, Default)]
struct Script(Arc<Lines>);

#[derive(Default)]
struct Lines {
    version: AtomicU64,
    in_doubt: AtomicBool,
    hung: AtomicBool,
    changed: Arc<Notify>,
}

impl Script {
    fn moves(&self) {
        self.0.version.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    fn leaves_a_hang(&self) {
        self.0.hung.store(true, Ordering::SeqCst);
        self.moves();
    }

    fn doubts(&self, in_doubt: bool) {
        self.0.in_doubt.store(in_doubt, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Route for Script {
    type Changed = OwnedNotified;

    fn version(&self) -> u64 {
        self.0.version.load(Ordering::SeqCst)
    }

    fn in_doubt(&self) -> bool {
        self.0.in_doubt.load(Ordering::SeqCst)
    }

    fn hung(&self, version: u64) -> bool {
        version < self.version() && self.0.hung.load(Ordering::SeqCst)
    }

    fn changed(&self) -> OwnedNotified {
        Arc::clone(&self.0.changed).notified_owned()
    }
}

type Outcome = Result<Reply, RetryError<BoxError>>;
type Calls = Handle<Request, Reply>;

/// A layer with this policy, its route, and a service that the test answers for.
struct Stage {
    layer: RetryLayer<Policy, Script>,
    route: Script,
    mock: Mock<Request, Reply>,
    calls: Calls,
}

impl Stage {
    fn new() -> Self {
        let route = Script::default();
        let layer = RetryLayer::new(Policy::default()).route(route.clone()).chance(Chance::seeded(7));
        let (mock, calls) = mock::pair();
        Self { layer, route, mock, calls }
    }

    fn settings(self, settings: RetrySettings) -> Self {
        Self { layer: self.layer.settings(settings), ..self }
    }

    /// A backoff that no test waits for.
    fn with_long_backoff(self) -> Self {
        let hour = Duration::from_secs(3600);
        self.settings(RetrySettings { backoff: crate::Backoff::new(hour, hour), ..RetrySettings::default() })
    }

    fn with_deadline(self, deadline: Duration) -> Self {
        let policy = Policy { deadline: Some(deadline) };
        Self { layer: RetryLayer::new(policy).route(self.route.clone()), ..self }
    }

    fn service(&self) -> Retry<Policy, Mock<Request, Reply>, Script> {
        self.layer.layer(self.mock.clone())
    }

    fn call(&self, request: Request) -> JoinHandle<Outcome> {
        tokio::spawn(self.service().oneshot(request))
    }

    async fn next(&mut self) -> SendResponse<Reply> {
        self.calls.next_request().await.expect("another attempt").1
    }
}

async fn end(call: JoinHandle<Outcome>) -> Outcome {
    timeout(Duration::from_secs(3600), call).await.expect("the call ends").unwrap()
}

/// The inner message, and whether the request may have been applied.
async fn failure(call: JoinHandle<Outcome>) -> (String, bool) {
    match end(call).await.unwrap_err() {
        RetryError::Failed { error, may_have_been_applied } => (error.to_string(), may_have_been_applied),
        error => (error.to_string(), error.may_have_been_applied()),
    }
}
