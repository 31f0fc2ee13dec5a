//! A caller: one call after the other, of all kinds, some of them given up.

use std::{cell::Cell, rc::Rc, time::Duration};

use fastrand::Rng;
use futures_util::FutureExt;
use redis_failover::{CallOptions, MultiDbClient};
use tokio::time::{sleep, timeout};

use super::calls::call;
use crate::simulation::{
    client::Witness,
    director::Cues,
    history::{Call, Kind, What},
    plan::Plan,
};

/// How long calls may take.
const LIMITS: [u64; 4] = [150, 400, 1000, 3000];
/// The longest pause between two calls.
const LONGEST_PAUSE: u64 = 60;

/// Calls until it is told to end.
#[derive(Debug)]
pub struct Caller {
    client: MultiDbClient,
    witness: Witness,
    random: Rng,
    numbers: Rc<Cell<u64>>,
}

impl Caller {
    /// The caller of this number, who takes the numbers of calls from where all callers do.
    #[must_use]
    pub fn new(
        plan: &Plan,
        number: usize,
        client: MultiDbClient,
        witness: Witness,
        numbers: Rc<Cell<u64>>,
    ) -> Self {
        let random = Rng::with_seed(plan.seed ^ (1 + number as u64) << 48);
        Self { client, witness, random, numbers }
    }

    /// Calls until it is told to end.
    pub async fn run(mut self, cues: Cues) {
        while !cues.is_over() {
            self.once().await;
            sleep(Duration::from_millis(self.random.u64(0..=LONGEST_PAUSE))).await;
        }
    }

    async fn once(&mut self) {
        let id = self.numbers.get() + 1;
        self.numbers.set(id);
        let kind = self.kind();
        let limit = Duration::from_millis(LIMITS[self.random.usize(..LIMITS.len())]);
        // Some have had enough before the call has.
        let patience = match self.random.u32(..12) {
            0 => Duration::from_millis(self.random.u64(0..120)),
            _ => Duration::MAX,
        };
        let client = self.client.with(CallOptions::new().deadline(limit));
        self.witness.note(What::Called(Call { id, kind, limit }));
        self.witness.note(match timeout(patience, call(client, id, kind).boxed_local()).await {
            Ok(outcome) => What::Settled(id, outcome),
            Err(_) => What::Abandoned(id),
        });
    }

    fn kind(&mut self) -> Kind {
        match self.random.u32(..20) {
            0..3 => Kind::Echo,
            3..7 => Kind::Set,
            7..12 => Kind::Increment,
            12..14 => Kind::Pipeline,
            14..16 => Kind::Atomic,
            16..19 => Kind::Transaction,
            _ => Kind::Pop,
        }
    }
}
