//! The observer: all events, and the snapshot whenever it has changed.

use futures_util::{FutureExt, StreamExt};
use redis_failover::{EventStream, MultiDbClient};
use tokio::time::sleep;
use tower_failover::{availability::Phase, balance::Snapshot};

use crate::simulation::{
    TICK,
    client::Witness,
    history::{Seen, SeenMember, What},
};

/// Notes what the client tells and shows, until the client is closed.
pub async fn observe(client: MultiDbClient, mut events: EventStream, witness: Witness) {
    let mut last = Seen::default();
    loop {
        let mut told = false;
        while let Some(next) = events.next().now_or_never() {
            let Some(event) = next else { return };
            witness.note(What::Told(event));
            told = true;
        }
        if let Some(snapshot) = client.snapshot() {
            let seen = seen(&snapshot);
            if told || seen != last {
                witness.note(What::Seen(seen.clone()));
                last = seen;
            }
        }
        // An event wakes it at once; a change without one is found at the next tick.
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(event) => witness.note(What::Told(event)),
                None => return,
            },
            () = sleep(TICK) => {}
        }
    }
}

fn seen(snapshot: &Snapshot) -> Seen {
    let member = |member: &tower_failover::balance::MemberSnapshot| SeenMember {
        name: member.name.clone(),
        active: member.active,
        verdict: member.view.verdict,
        circuit: member.view.circuit.state,
        epoch: member.view.circuit.epoch.number(),
        free_trials: (member.view.circuit.phase == Phase::Trial).then_some(member.view.circuit.free_trials),
        forced: member.view.circuit.forced,
        drained: member.drained,
    };
    Seen {
        active: snapshot.active.clone(),
        version: snapshot.version,
        outage: snapshot.outage.is_some(),
        members: snapshot.members.iter().map(member).collect(),
    }
}
