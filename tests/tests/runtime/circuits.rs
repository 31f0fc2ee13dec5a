//! A database whose circuit breaker is one's own: B8.

use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::Event;
use tests::{active, becomes_active};
use tokio::time::Instant;
use tower_failover::{
    Signal,
    availability::{CircuitState, CircuitStatus, Epoch, Machine, OpenReason, Phase},
    failure_detector::Observation,
};

use super::{by_one_probe, database, started};

/// Opens at the first trip or failed check, and closes after a while, whatever the checks say: what many breakers do.
struct ClosesAfter {
    reset_timeout: Duration,
    status: CircuitStatus,
}

impl ClosesAfter {
    fn turn(&mut self, opened: Option<OpenReason>, now: Instant) {
        let (state, phase) = match opened {
            Some(_) => (CircuitState::Open, Phase::Refuse),
            None => (CircuitState::Closed, Phase::Admit),
        };
        let next_change_at = opened.map(|_| now + self.reset_timeout);
        let epoch = self.status.epoch.next();
        let closed = CircuitStatus::closed(now);
        self.status = CircuitStatus { state, phase, epoch, next_change_at, reason: opened, ..closed };
    }
}

impl Machine for ClosesAfter {
    fn apply(&mut self, signal: &Signal, _checked: bool, now: Instant) {
        let is_closed = self.status.state == CircuitState::Closed;
        match signal {
            Signal::Trip { epoch, reason } if *epoch == self.status.epoch => self.turn(Some(*reason), now),
            Signal::Verdict(finding) if finding.is_failure() && is_closed => {
                self.turn(Some(OpenReason::HealthCheck), now);
            }
            Signal::Close => self.turn(None, now),
            _ if self.status.next_change_at.is_some_and(|at| at <= now) => self.turn(None, now),
            _ => {}
        }
    }

    fn try_trial(&mut self, _now: Instant) -> Option<Epoch> {
        None
    }

    fn status(&self) -> &CircuitStatus {
        &self.status
    }
}

#[tokio::test]
async fn b8_a_database_may_bring_a_circuit_of_its_own() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let reset_timeout = Duration::from_millis(200);
    let eu = eu
        .circuit(move |status| ClosesAfter { reset_timeout, status })
        // By the usual circuit it would not be back within this story.
        .grace_period(Duration::from_secs(600))
        .add_failure_detector(|| |call: &Observation| call.epoch == Epoch::default());
    let mut client =
        started(by_one_probe([eu, us]).auto_fallback_interval(Some(Duration::from_millis(100)))).await;
    client.set::<_, _, ()>("key", "seen by the detector").await.unwrap();
    becomes_active(&client, "us").await;
    let circuit = client.circuit("eu").unwrap();
    becomes_active(&client, "eu").await;
    assert_eq!(circuit.state(), CircuitState::Closed);
    client.set::<_, _, ()>("key", "in its next epoch").await.unwrap();
}

#[tokio::test]
async fn b8_a_circuit_that_cannot_be_made_is_the_usual_one() {
    let ((eu_server, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let broken = |_: CircuitStatus| -> ClosesAfter { panic!("a circuit that cannot be made") };
    let client = redis_failover::MultiDbClient::new(by_one_probe([eu.circuit(broken), us])).unwrap();
    let mut events = client.events();
    client.connect(tests::PATIENCE).await.unwrap();
    let first = futures_util::StreamExt::next(&mut events).await;
    assert!(matches!(&first, Some(Event::Panicked { what }) if what.contains("eu")), "{first:?}");
    assert_eq!(active(&client).as_deref(), Some("eu"));
    eu_server.kill().unwrap();
    becomes_active(&client, "us").await;
    assert_eq!(client.circuit("eu").unwrap().state(), CircuitState::Open);
}
