//! A failure detector that trips nothing, and notes which failures are counted.

use tower_failover::{
    classify::Outcome,
    failure_detector::{Detector, Observation},
};

use crate::simulation::{client::Witness, history::What};

/// Stands by the failure detector of one database.
#[derive(Debug)]
pub struct Bystander {
    server: usize,
    witness: Witness,
}

impl Bystander {
    /// What makes one for a database.
    pub fn maker(server: usize, witness: &Witness) -> impl Fn() -> Self + Send + Sync + 'static {
        let witness = witness.clone();
        move || Self { server, witness: witness.clone() }
    }
}

impl Detector for Bystander {
    fn trips(&self, observation: &Observation) -> bool {
        let &Observation { outcome, epoch, took, .. } = observation;
        // Calls that end well are many, and say little.
        if outcome == Outcome::Failure {
            self.witness.note(What::Counted { server: self.server, epoch: epoch.number(), took });
        }
        false
    }
}
