//! The layers of `tower-failover`, in their default settings: together, and each alone.

use benches::Subject;
use tokio::time::Duration;
use tower_failover::balance::fixed;
use tower_failover::retry::Assessment;
use tower_failover::{
    Availability, Circuit, CircuitBreakerLayer, CircuitSettings, DeadlineLayer, Events, FailoverConfig,
    FailureDetectorLayer, Member, RetryLayer, RetryPolicy, Suspicion, Sweeper, Weight,
    WeightedFailoverBalance,
};
use tower_layer::Layer;

use crate::noop::Noop;

/// Repeats whatever failed.
#[derive(Debug, Clone, Copy)]
struct Failures;

impl<E> RetryPolicy<(), (), E> for Failures {
    fn assess(&self, result: Result<&(), &E>) -> Assessment {
        if result.is_ok() { Assessment::Final } else { Assessment::Ambiguous }
    }

    fn repeatable(&self, (): &()) -> bool {
        true
    }

    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }
}

/// What one member is made of.
struct Layers {
    availability: Availability,
    circuit: Circuit,
    breaker: CircuitBreakerLayer,
    detector: FailureDetectorLayer,
    deadline: DeadlineLayer,
}

impl Layers {
    fn new(name: &'static str, sweeper: &Sweeper) -> Self {
        let availability = Availability::new(name, Events::default());
        let circuit =
            Circuit::new(availability.clone(), CircuitSettings::default()).expect("the default settings");
        Self {
            breaker: CircuitBreakerLayer::new(circuit.clone()),
            detector: FailureDetectorLayer::new(availability.clone()).clock(sweeper.clock()),
            deadline: DeadlineLayer::new(Duration::from_millis(500)).sweeper(
                sweeper,
                &availability,
                Suspicion::default(),
            ),
            circuit,
            availability,
        }
    }

    /// The window must count every call. A circuit that is closed anew begins with an empty one.
    fn counted(self, subject: Subject) -> Subject {
        let Self { circuit, detector, .. } = self;
        subject.counted(move || circuit.close(), move || detector.counts().successes)
    }
}

/// Retry, balance over two members, breaker, detector and deadline.
pub(crate) fn together<const PENDING_ONCE: bool>() -> Subject {
    let sweeper = Sweeper::spawn();
    let member = |layers: &Layers, weight: f64| {
        let service = layers.deadline.layer(Noop::<PENDING_ONCE>);
        let service = layers.breaker.layer(layers.detector.layer(service));
        Member::new(service, layers.availability.clone()).weight(Weight::new(weight).expect("a weight"))
    };
    let [primary, secondary] = ["eu-west", "us-east"].map(|name| Layers::new(name, &sweeper));
    let balance = balance([member(&primary, 1.0), member(&secondary, 0.5)]);
    let retry = RetryLayer::new(Failures).route(balance.route());
    primary.counted(Subject::new("all layers", retry.layer(balance)))
}

/// Each layer alone on the no-op service.
pub(crate) fn apart<const PENDING_ONCE: bool>() -> [Subject; 5] {
    let noop = Noop::<PENDING_ONCE>;
    let sweeper = Sweeper::spawn();
    let layers = Layers::new("eu-west", &sweeper);
    let member = Member::new(noop, layers.availability.clone());
    let [breaker, detector, deadline] = [
        Subject::new("  breaker alone", layers.breaker.layer(noop)),
        Subject::new("  detector alone", layers.detector.layer(noop)),
        Subject::new("  deadline alone", layers.deadline.layer(noop)),
    ];
    [
        Subject::new("  retry alone", RetryLayer::new(Failures).layer(noop)),
        Subject::new("  balance alone", balance([member])),
        breaker,
        layers.counted(detector),
        deadline,
    ]
}

fn balance<S, const N: usize>(members: [Member<S>; N]) -> WeightedFailoverBalance<S>
where
    S: Clone + Send + Sync + 'static,
{
    WeightedFailoverBalance::new(fixed(members), FailoverConfig::default()).expect("the default settings")
}
