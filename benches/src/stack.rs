//! The layers of `tower-failover`, in their default settings: together, and what each is made of.

use tokio::time::Duration;
use tower_failover::balance::{ActiveRoute, fixed};
use tower_failover::retry::Assessment;
use tower_failover::{
    Availability, Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitSettings, Deadline, DeadlineLayer,
    Events, FailoverConfig, FailureDetector, FailureDetectorLayer, Member, Retry, RetryLayer, RetryPolicy,
    Suspicion, Sweeper, Weight, WeightedFailoverBalance,
};
use tower_layer::Layer;

use crate::noop::Noop;
use crate::subject::Subject;

/// Repeats whatever failed.
#[derive(Debug, Clone, Copy)]
pub struct Failures;

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
pub struct MemberLayers {
    /// Its cell.
    pub availability: Availability,
    /// The handle to its circuit.
    pub circuit: Circuit,
    /// The breaker of that circuit.
    pub breaker: CircuitBreakerLayer,
    /// The detector, with the sweeper's clock.
    pub detector: FailureDetectorLayer,
    /// The deadline that the sweeper keeps.
    pub deadline: DeadlineLayer,
}

impl MemberLayers {
    /// The layers of a member whose calls this sweeper watches.
    ///
    /// # Panics
    /// If the default settings are not valid.
    #[must_use]
    pub fn new(name: &str, sweeper: &Sweeper) -> Self {
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

    /// The window must count every call of `subject`. A circuit that is closed anew begins with an empty one.
    #[must_use]
    pub fn counted(self, subject: Subject) -> Subject {
        let Self { circuit, detector, .. } = self;
        subject.counted(move || circuit.close(), move || detector.counts().successes)
    }
}

/// Breaker, detector and deadline.
pub type MemberService<const PENDING_ONCE: bool> =
    CircuitBreaker<FailureDetector<Deadline<Noop<PENDING_ONCE>>>>;
/// Retry and balance over such members.
pub type AllLayers<const PENDING_ONCE: bool> =
    Retry<Failures, WeightedFailoverBalance<MemberService<PENDING_ONCE>>, ActiveRoute>;

/// Retry, balance over so many members, breaker, detector and deadline; with the layers of the active member. To be
/// called within a runtime.
///
/// # Panics
/// If the default settings are not valid, or if there is no member.
#[must_use]
pub fn all_layers<const PENDING_ONCE: bool>(members: usize) -> (AllLayers<PENDING_ONCE>, MemberLayers) {
    let sweeper = Sweeper::spawn();
    let member = |layers: &MemberLayers, weight: f64| {
        let service = layers.deadline.layer(Noop::<PENDING_ONCE>);
        let service = layers.breaker.layer(layers.detector.layer(service));
        Member::new(service, layers.availability.clone()).weight(Weight::new(weight).expect("a weight"))
    };
    let active = MemberLayers::new("active", &sweeper);
    let standby = |number: usize| member(&MemberLayers::new(&format!("standby {number}"), &sweeper), 0.5);
    let members: Vec<_> = [member(&active, 1.0)].into_iter().chain((1..members).map(standby)).collect();
    let balance = balance(members);
    (RetryLayer::new(Failures).route(balance.route()).layer(balance), active)
}

/// A balance over these members. To be called within a runtime.
///
/// # Panics
/// If the default settings are not valid.
#[must_use]
pub fn balance<S>(members: Vec<Member<S>>) -> WeightedFailoverBalance<S>
where
    S: Clone + Send + Sync + 'static,
{
    WeightedFailoverBalance::new(fixed(members), FailoverConfig::default()).expect("the default settings")
}
