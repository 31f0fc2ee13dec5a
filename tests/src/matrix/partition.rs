//! One client is cut off from a region for 43 s, while another one still reaches it: both write, and both ledgers are
//! kept.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::MultiDbClient;
use tokio::time::{Instant, sleep};

use super::{Clients, Stage, Workload};
use crate::PATIENCE;

/// What happened to GitHub on 21 October 2018.
const CUT_OFF: Duration = Duration::from_secs(43);
/// How many keys both write.
const SHARED: u64 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// What a writer wrote last, of what was acknowledged.
type Ledger = BTreeMap<String, String>;

/// What both clients wrote.
pub(super) struct Partition {
    of_cut_off: Ledger,
    of_other: Ledger,
}

impl Partition {
    /// From its beginning to its end.
    pub(super) async fn happen(stage: &Stage, clients: &Clients) -> Self {
        let cut_off = clients.working().iter().find(|working| working.workload == Workload::Writes);
        let cut_off = cut_off.or(clients.working().first()).unwrap().client.clone();
        // Its way to the region is its own.
        let other = stage.lookups(0).await.remove(0);
        stage.network(0).black_hole();
        let (of_cut_off, of_other) = tokio::join!(write(cut_off, "cut-off"), write(other, "other"));
        stage.network(0).heal().unwrap();
        Self { of_cut_off, of_other }
    }

    /// Where what was written differs.
    pub(super) async fn told(&self, stage: &Stage) -> String {
        let (mut here, mut there) = (stage.lookups(0).await.remove(0), stage.lookups(1).await.remove(0));
        let (mut both, mut differ, mut kept) = (0, 0, 0);
        for (key, cut_off) in &self.of_cut_off {
            let Some(other) = self.of_other.get(key) else { continue };
            let values: [Option<String>; 2] = [here.get(key).await.unwrap(), there.get(key).await.unwrap()];
            both += 1;
            differ += u32::from(values[0] != values[1]);
            kept += u32::from(values[0].as_ref() == Some(other) && values[1].as_ref() == Some(cut_off));
        }
        format!(
            "of {both} keys that both clients wrote while one was cut off, {differ} differ between the regions; for \
             {kept} of them each region has what was acknowledged there last"
        )
    }
}

async fn write(mut client: MultiDbClient, name: &str) -> Ledger {
    let mut ledger = Ledger::new();
    let began = Instant::now();
    let mut number = 0_u64;
    while began.elapsed() < CUT_OFF {
        let (key, value) = (format!("shared:{}", number % SHARED), format!("{name}:{number}"));
        let written = tokio::time::timeout(PATIENCE, client.set::<_, _, ()>(&key, &value)).await;
        if written.is_ok_and(|written| written.is_ok()) {
            ledger.insert(key, value);
        }
        number += 1;
        sleep(PAUSE).await;
    }
    ledger
}
