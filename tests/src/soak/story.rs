//! The story.

use std::sync::atomic::Ordering;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use tokio::time::{Instant, sleep};

use super::workload::{Tally, Workload};
use super::{Outcome, Row};
use crate::{Held, PATIENCE, TWENTY, connected, memory, pair, quick, suffer, until};

/// How long a database serves between two faults.
const SERVES: Duration = Duration::from_secs(2);

/// Flaps for so long, and looks at what is held each `interval`: the first row is what the others are compared with.
/// Whoever is told of a row may print it.
pub async fn soak(lasts: Duration, interval: Duration, mut told: impl FnMut(&Row)) -> Outcome {
    let (primary, secondary, config) = pair().await;
    let servers = [primary, secondary];
    let before = Held::settled(both(&servers)).await;
    let client = connected(quick(config)).await;
    let workload = Workload::start(&client).await;

    let (began, mut turn, mut rows) = (Instant::now(), 0, Vec::new());
    while began.elapsed() < lasts {
        let due = began.elapsed() + interval;
        while began.elapsed() < due {
            sleep(SERVES).await;
            suffer(&[&client], &servers, TWENTY[turn % TWENTY.len()]).await;
            turn += 1;
        }
        workload.rest().await;
        let held = Held::settled(both(&servers)).await;
        let row = row(began.elapsed(), turn, held, workload.tally());
        told(&row);
        rows.push(row);
        workload.go_on();
    }
    let tally = workload.end().await;
    client.close(PATIENCE).await;
    drop(client);
    until("all is as before", async || Held::now(both(&servers)).await == before).await;
    Outcome { rows, hung: tally.hung.load(Ordering::Relaxed) }
}

fn both([first, second]: &[AnyServer; 2]) -> [&AnyServer; 2] {
    [first, second]
}

fn row(at: Duration, faults: usize, held: Held, tally: &Tally) -> Row {
    Row {
        at,
        faults,
        held,
        memory: memory(),
        answered: tally.answered.each_ref().map(|answered| answered.load(Ordering::Relaxed)),
        messages: tally.messages.load(Ordering::Relaxed),
        errors: tally.errors.load(Ordering::Relaxed),
        hung: tally.hung.load(Ordering::Relaxed),
    }
}
