//! Databases without any Redis, the balance over them, and what is recorded of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use failover_testkit::recorded::Recorded;
use futures_util::stream;
use tokio::sync::mpsc;
use tower::discover::Change;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_failover::balance::FailoverHandle;
use tower_failover::retry::{Assessment, RetryLayer, RetryPolicy};
use tower_failover::{
    Availability, Circuit, CircuitSettings, Events, FailoverConfig, FailureDetectorLayer, Finding, Member,
    Signal, Weight, WeightedFailoverBalance,
};

use crate::metrics::{Metrics, Reporting, names};

pub(super) fn weighing(weight: f64) -> Weight {
    Weight::new(weight).unwrap()
}

/// Lets everybody see what happened, without time passing.
pub(super) async fn settled() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

type Request = &'static str;
type Database = BoxCloneSyncService<Request, (), io::Error>;
type Joining = Change<&'static str, Member<Database>>;

/// `eu` is preferred to `us`. Both break whatever they are asked.
pub(super) struct Stage {
    pub(super) handle: FailoverHandle,
    events: Events,
    circuits: HashMap<&'static str, Circuit>,
    joining: mpsc::UnboundedSender<Joining>,
    service: Option<BoxCloneSyncService<Request, (), String>>,
    pub(super) recorded: Recorded,
    reporting: Option<Reporting>,
    /// What the reporter hears.
    _heard: Events,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let events = Events::default();
        Self::with(events.clone(), events).await
    }

    /// One whose reporter misses all events.
    pub(super) async fn deaf() -> Self {
        Self::with(Events::default(), Events::default()).await
    }

    async fn with(events: Events, heard: Events) -> Self {
        let recorded = Recorded::default();
        let (joining, mut joined) = mpsc::unbounded_channel::<Joining>();
        let discover = stream::poll_fn(move |context| {
            joined.poll_recv(context).map(|joining| joining.map(Ok::<_, Infallible>))
        });
        let mut config = FailoverConfig::default();
        config.events = events.clone();
        let balance = WeightedFailoverBalance::new(discover, config).unwrap();
        let handle = balance.handle();
        let layer = RetryLayer::new(Gets).route(balance.route()).events(events.clone());
        let metrics = Metrics::by(Arc::new(recorded.clone())).label("service", "orders");
        let reporting = Reporting::start(&metrics, heard.subscribe(), handle.clone(), layer.counters());
        let service = BoxCloneSyncService::new(layer.layer(balance).map_err(|error| error.to_string()));
        let mut stage = Self {
            handle,
            events,
            circuits: HashMap::new(),
            joining,
            service: Some(service),
            recorded,
            reporting: Some(reporting),
            _heard: heard,
        };
        stage.joins("eu", 1.0);
        stage.joins("us", 0.5);
        settled().await;
        stage
    }

    pub(super) fn joins(&mut self, name: &'static str, weight: f64) {
        let availability = Availability::new(name, self.events.clone());
        let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
        let broken =
            service_fn(|_: Request| async { Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe)) });
        let detector = FailureDetectorLayer::new(availability.clone()).suspect_on_failure(false);
        let service = BoxCloneSyncService::new(detector.layer(broken));
        availability.signal(Signal::Verdict(Finding::healthy()));
        let member = Member::new(service, availability).weight(weighing(weight));
        self.joining.send(Change::Insert(name, member)).unwrap();
        self.circuits.insert(name, circuit);
    }

    pub(super) fn circuit(&self, name: &str) -> Circuit {
        self.circuits[name].clone()
    }

    /// All circuits are closed, and all checks pass.
    pub(super) fn all_is_well(&self) {
        for circuit in self.circuits.values() {
            circuit.availability().signal(Signal::Release);
            circuit.availability().signal(Signal::Close);
            circuit.availability().signal(Signal::Verdict(Finding::healthy()));
        }
    }

    pub(super) async fn ask(&self, request: Request) -> Result<(), String> {
        self.service.clone().unwrap().ready().await?.call(request).await
    }

    pub(super) async fn end(&mut self) {
        self.service = None;
        self.reporting = None;
        settled().await;
    }

    /// Of all databases.
    pub(super) fn sum(&self, metric: &str) -> u64 {
        self.recorded.counter(metric, &[])
    }

    pub(super) fn counter(&self, metric: &str, labels: &[(&str, &str)]) -> u64 {
        self.recorded.counter(metric, labels)
    }

    pub(super) fn gauge(&self, metric: &str, database: &str) -> f64 {
        let gauge = self.recorded.gauge(metric, &[(names::DATABASE, database)]);
        gauge.unwrap_or_else(|| panic!("there is no {metric} of {database}"))
    }

    pub(super) fn histogram(&self, metric: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.recorded.histogram(metric, labels)
    }
}

/// Whether an attempt may have been applied nobody knows; `GET`s are repeated.
#[derive(Clone)]
struct Gets;

impl<T, E> RetryPolicy<Request, T, E> for Gets {
    fn assess(&self, result: Result<&T, &E>) -> Assessment {
        if result.is_ok() { Assessment::Final } else { Assessment::Ambiguous }
    }

    fn repeatable(&self, request: &Request) -> bool {
        *request == "GET"
    }

    fn changes(&self, request: &Request) -> bool {
        *request != "GET"
    }

    fn clone_request(&self, request: &Request) -> Option<Request> {
        Some(request)
    }
}
