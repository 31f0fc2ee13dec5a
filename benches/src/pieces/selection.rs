//! Who is chosen, and how soon it is noticed: what happens at an event, and never at a call.

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

use tower_failover::balance::{Candidate, FailoverConfig, HighestWeight, Strategy, fixed};
use tower_failover::{Availability, Events, Member, Weight, WeightedFailoverBalance};
use tower_service::Service;

use super::{Piece, Work, call, runtime};
use crate::noop::Noop;

pub(super) const PIECES: [Piece; 5] = [
    Piece::new("choose among 2", || choosing(2)),
    Piece::new("choose among 10", || choosing(10)),
    Piece::new("choose among 100", || choosing(100)),
    Piece::new("switch by hand and call, 2 members", || switching(2)),
    Piece::new("switch by hand and call, 100 members", || switching(100)),
];

/// Remembers among whom it chose last.
#[derive(Default)]
struct Remembering(Mutex<Vec<Candidate>>);

impl Strategy for Remembering {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = candidates.to_vec();
        HighestWeight.choose(candidates)
    }
}

/// The usual strategy, among candidates that a balance has put before it.
fn choosing(members: usize) -> Work {
    let remembering = Arc::new(Remembering::default());
    let mut config = FailoverConfig::default();
    config.strategy = remembering.clone();
    let _ = runtime().block_on(async { first_call(balance(members, config)).await });
    let candidates = std::mem::take(&mut *remembering.0.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(candidates.len(), members, "all of them can be chosen");
    Box::new(move |calls| {
        for _ in 0..calls {
            black_box(HighestWeight.choose(black_box(&candidates)));
        }
    })
}

/// An order, the driver's decision and its event, and a call that finds the new member.
fn switching(members: usize) -> Work {
    let runtime = runtime();
    let mut service =
        runtime.block_on(async { first_call(balance(members, FailoverConfig::default())).await });
    let handle = service.handle();
    Box::new(move |calls| {
        runtime.block_on(async {
            for number in 0..calls {
                let name = if number % 2 == 0 { "member 1" } else { "member 0" };
                handle.force_active(name, None).await.expect("a member of this name");
                call(&mut service, 1);
            }
        });
    })
}

/// The balance once somebody is active.
async fn first_call(balance: WeightedFailoverBalance<Noop<false>>) -> WeightedFailoverBalance<Noop<false>> {
    let mut service = balance;
    let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
    assert!(ready.is_ok() && service.call(()).await.is_ok(), "the first call failed");
    service
}

fn balance(members: usize, config: FailoverConfig) -> WeightedFailoverBalance<Noop<false>> {
    let member = |number: usize| {
        let weight = Weight::new(1.0 / (number + 1) as f64).expect("a weight");
        Member::new(Noop, Availability::new(format!("member {number}"), Events::default())).weight(weight)
    };
    let members: Vec<_> = (0..members).map(member).collect();
    WeightedFailoverBalance::new(fixed(members), config).expect("a valid configuration")
}
