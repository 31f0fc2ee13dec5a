//! How long calls take.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Histogram, Label};
use redis::Value;
use tokio::time::Instant;
use tower_failover::Route;
use tower_failover::balance::ActiveRoute;

use super::names;
use super::recording::{Metrics, database};
use crate::command::Command;
use crate::error::Error;

/// Times the calls of a client: two looks at the clock and one record each, with handles that are fetched anew only
/// when another database has become the active one.
///
/// # Clone
/// Clones, one for each clone of the client, fetch handles together.
#[derive(Clone)]
pub(crate) struct Operations {
    metrics: Arc<Metrics>,
    route: ActiveRoute,
    handles: Arc<Handles>,
    newest: Arc<Mutex<Arc<Handles>>>,
    /// The call of this clone, which has one at a time; here, so that the call's future is smaller. What a dropped call
    /// has left, the next one replaces.
    begun: Option<Begun>,
}

/// A call that is timed.
#[derive(Clone, Copy)]
struct Begun {
    kind: OperationKind,
    at: Instant,
}

/// The handles of the database that serves.
struct Handles {
    version: u64,
    labels: Vec<Label>,
    /// In the order of [`OperationKind`].
    histograms: [Histogram; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OperationKind {
    Command,
    Pipeline,
    Blocking,
}

use OperationKind::{Blocking, Command as Single, Pipeline};

impl Operations {
    pub(crate) fn new(metrics: &Metrics, route: ActiveRoute) -> Self {
        let handles = Arc::new(Handles::none());
        let newest = Arc::new(Mutex::new(Arc::clone(&handles)));
        Self { metrics: Arc::new(metrics.clone()), route, handles, newest, begun: None }
    }

    /// A call begins.
    pub(crate) fn begins(&mut self, command: &Command<'_>) {
        self.begun = Some(Begun { kind: OperationKind::of(command), at: Instant::now() });
    }

    /// Records how long a call took: with the database that is active now that it has ended, as it is not known on which
    /// one it did.
    pub(crate) fn ended(&mut self, result: Result<&Value, &Error>) {
        let Some(Begun { kind, at }) = self.begun.take() else { return };
        let took = at.elapsed();
        if self.handles.version != self.route.version() {
            self.refresh();
        }
        match result {
            Ok(reply) if !matches!(reply, Value::ServerError(_)) => {
                self.handles.histograms[kind as usize].record(took);
            }
            result => self.failed(kind, result).record(took),
        }
    }

    #[cold]
    fn refresh(&mut self) {
        // A whole value at every step.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.version != self.route.version() {
            *newest = Arc::new(Handles::fetch(&self.metrics, &self.route));
        }
        self.handles = Arc::clone(&newest);
    }

    #[cold]
    fn failed(&self, kind: OperationKind, result: Result<&Value, &Error>) -> Histogram {
        let error = result.map_or_else(Error::kind, |_| "ServerError");
        let labels = self.handles.labels.iter().cloned();
        let labels = labels.chain([kind.label(), Label::from_static_parts(names::ERROR_TYPE, error)]);
        self.metrics.histogram(names::OPERATION_DURATION, labels)
    }
}

impl Handles {
    /// Of no version: to be replaced by the first call.
    fn none() -> Self {
        let histograms = std::array::from_fn(|_| Histogram::noop());
        Self { version: 0, labels: Vec::new(), histograms }
    }

    fn fetch(metrics: &Metrics, route: &ActiveRoute) -> Self {
        let (version, active) = route.active();
        let system = Label::from_static_parts(names::SYSTEM, "redis");
        let labels = vec![system, database(active.as_deref().unwrap_or(names::NO_DATABASE))];
        let histograms = [Single, Pipeline, Blocking].map(|kind| {
            metrics.histogram(names::OPERATION_DURATION, labels.iter().cloned().chain([kind.label()]))
        });
        Self { version, labels, histograms }
    }
}

impl OperationKind {
    fn of(command: &Command<'_>) -> Self {
        match command {
            _ if command.blocking().is_some() => Blocking,
            _ if command.is_pipeline() => Pipeline,
            _ => Single,
        }
    }

    fn label(self) -> Label {
        let kind = match self {
            Single => "command",
            Pipeline => "pipeline",
            Blocking => "blocking",
        };
        Label::from_static_parts(names::OPERATION_KIND, kind)
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").field("version", &self.handles.version).finish_non_exhaustive()
    }
}
