//! The operator: a person who steers now and then, as long as there is trouble anyway.

use std::time::Duration;

use fastrand::Rng;
use redis_failover::MultiDbClient;
use tokio::time::sleep;

use crate::simulation::{
    client::Witness,
    director::Cues,
    history::What,
    plan::{LONGEST_ORDER, Plan},
};

/// How long the operator waits between two orders.
const PAUSES: [u64; 2] = [1500, 9000];

/// Gives orders until all is calm.
pub async fn operate(plan: Plan, client: MultiDbClient, witness: Witness, cues: Cues) {
    let mut random = Rng::with_seed(plan.seed ^ 0x0b);
    loop {
        sleep(Duration::from_millis(random.u64(PAUSES[0]..PAUSES[1]))).await;
        let Some(handle) = client.handle().filter(|_| !cues.is_calm()) else { return };
        let name = plan.names()[random.usize(..plan.servers)];
        let limit = LONGEST_ORDER.mul_f64(random.f64());
        let (order, result) = match random.u32(..4) {
            0 => ("choose", handle.set_active(name, Some(limit)).await),
            1 => ("drain", handle.drain(name, Some(limit)).await),
            2 => ("drill", handle.trip(name, limit).await),
            _ => ("release", handle.release_choice().await),
        };
        let result = result.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        witness.note(What::Ordered(order, format!("{name} for {} ms: {result}", limit.as_millis())));
    }
}
