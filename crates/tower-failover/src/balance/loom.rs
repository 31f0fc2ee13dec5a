//! Models of clones that call while the driver publishes. How a pending clone is woken is tokio's `Notify` and not
//! modelled; that it looks at the version again after it has registered is.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::thread;
use tokio::sync::mpsc;
use tower_service::Service;

use super::WeightedFailoverBalance;
use super::active::{Published, Shared};
use crate::availability::Availability;
use crate::event::Events;

/// Answers with the version that it was published under.
#[derive(Clone)]
struct Numbered(u64);

impl Service<()> for Numbered {
    type Response = u64;
    type Error = Infallible;
    type Future = Ready<Result<u64, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(self.0))
    }
}

fn publish(shared: &Shared<Numbered>, number: u64) {
    let availability = Availability::new("eu-west", Events::default());
    let version = shared.publish(Published::Member(Arc::new(Numbered(number))), Some(availability), false);
    assert_eq!(version, number);
    shared.active.announce();
}

fn balance() -> WeightedFailoverBalance<Numbered> {
    let (orders, _received) = mpsc::channel(1);
    let shared = Arc::new(Shared::new(None, orders));
    publish(&shared, 2);
    WeightedFailoverBalance { shared, version: 0, service: None, changed: None }
}

fn answer(balance: &mut WeightedFailoverBalance<Numbered>) -> u64 {
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(balance.poll_ready(&mut context), Poll::Ready(Ok(())));
    match std::pin::pin!(balance.call(())).poll(&mut context) {
        Poll::Ready(Ok(number)) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn loom_a_call_runs_on_no_older_choice_than_its_caller_has_seen() {
    loom::model(|| {
        let mut balance = balance();
        let shared = Arc::clone(&balance.shared);
        let driver = thread::spawn(move || {
            publish(&shared, 3);
            publish(&shared, 4);
        });
        let mut last = 0;
        for _ in 0..2 {
            let seen = balance.shared.active.version();
            let number = answer(&mut balance);
            assert!(number >= seen.max(last), "{number} after {seen} and {last}");
            last = number;
        }
        driver.join().unwrap();
        assert_eq!(answer(&mut balance), 4);
    });
}

#[test]
fn loom_a_version_and_its_member_are_read_together() {
    loom::model(|| {
        let balance = balance();
        let shared = Arc::clone(&balance.shared);
        let driver = thread::spawn(move || publish(&shared, 3));
        let (version, published) = balance.shared.read();
        let Published::Member(service) = published else { panic!("somebody serves") };
        assert_eq!(service.0, version);
        driver.join().unwrap();
    });
}
