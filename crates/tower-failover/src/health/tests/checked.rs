//! Health as membership.

use tokio::sync::mpsc;
use tokio_test::{assert_pending, task};
use tower::discover::Change;

use super::*;
use crate::availability::{CircuitState, CircuitStatus, Epoch, Finding, Machine, Signal};
use crate::health::HealthChecked;

type Offered = Result<Change<&'static str, u32>, io::Error>;

struct Bench {
    cells: [Availability; 2],
    changes: mpsc::UnboundedSender<Offered>,
    offered: task::Spawn<std::pin::Pin<Box<dyn futures_util::Stream<Item = Offered>>>>,
}

fn bench() -> Bench {
    let cells = ["a", "b"].map(|name| Availability::new(name, Events::default()));
    let (changes, mut receiver) = mpsc::unbounded_channel();
    let discover = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    let known = cells.clone();
    let checked = HealthChecked::new(discover, move |key: &&str, _: &u32| {
        known.iter().find(|cell| &**cell.name() == *key).unwrap().clone()
    });
    Bench { cells, changes, offered: task::spawn(Box::pin(checked)) }
}

impl Bench {
    fn discover(&self, change: Change<&'static str, u32>) {
        self.changes.send(Ok(change)).unwrap();
    }

    /// All that is offered now, as `+key service` and `-key`.
    fn offers(&mut self) -> Vec<String> {
        let mut offers = Vec::new();
        while let std::task::Poll::Ready(Some(change)) = self.offered.poll_next() {
            offers.push(match change.unwrap() {
                Change::Insert(key, service) => format!("+{key} {service}"),
                Change::Remove(key) => format!("-{key}"),
            });
        }
        offers
    }
}

fn down() -> Signal {
    Signal::Verdict(Finding::unhealthy(Evidence::TimedOut))
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_member_is_removed_and_inserted_again_when_it_is_back() {
    let mut bench = bench();
    bench.discover(Change::Insert("a", 1));
    bench.discover(Change::Insert("b", 2));
    assert_eq!(bench.offers(), ["+a 1", "+b 2"]);

    bench.cells[0].signal(down());
    assert!(bench.offered.is_woken());
    assert_eq!(bench.offers(), ["-a"]);
    bench.cells[0].signal(Signal::Verdict(Finding::healthy()));
    assert_eq!(bench.offers(), ["+a 1"]);
    bench.cells[0].signal(Signal::Verdict(Finding::healthy()));
    assert_eq!(bench.offers(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn membership_and_health_go_together() {
    let mut bench = bench();
    bench.cells[0].signal(down());
    bench.discover(Change::Insert("a", 1));
    bench.discover(Change::Insert("b", 2));
    assert_eq!(bench.offers(), ["+b 2"], "one that is down is not offered");
    bench.discover(Change::Remove("a"));
    assert_eq!(bench.offers(), [""; 0], "nor removed");

    bench.discover(Change::Insert("b", 3));
    assert_eq!(bench.offers(), ["+b 3"], "a new service of a known key takes its place");
    bench.cells[1].signal(down());
    bench.discover(Change::Insert("b", 4));
    assert_eq!(bench.offers(), ["-b"]);
    bench.cells[1].signal(Signal::Verdict(Finding::healthy()));
    assert_eq!(bench.offers(), ["+b 4"]);
    bench.discover(Change::Remove("b"));
    assert_eq!(bench.offers(), ["-b"]);
}

#[tokio::test(start_paused = true)]
async fn errors_pass_and_the_end_of_discovery_keeps_the_members() {
    let mut bench = bench();
    bench.changes.send(Err(io::ErrorKind::NotFound.into())).unwrap();
    assert!(matches!(bench.offered.next().await, Some(Err(_))));
    bench.discover(Change::Insert("a", 1));
    assert_eq!(bench.offers(), ["+a 1"]);

    bench.changes = mpsc::unbounded_channel().0;
    assert_pending!(bench.offered.poll_next());
    bench.cells[0].signal(down());
    assert_eq!(bench.offers(), ["-a"]);
}

/// Open until a tick at the given time.
struct OpenUntil(CircuitStatus);

impl Machine for OpenUntil {
    fn apply(&mut self, signal: &Signal, _: bool, now: Instant) {
        if *signal == Signal::Tick && self.0.next_change_at.is_some_and(|at| at <= now) {
            self.0 = CircuitStatus { epoch: self.0.epoch.next(), ..CircuitStatus::closed(now) };
        }
    }

    fn try_trial(&mut self, _: Instant) -> Option<Epoch> {
        None
    }

    fn status(&self) -> &CircuitStatus {
        &self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_circuit_is_moved_by_timer_without_traffic() {
    let mut bench = bench();
    let until = Instant::now() + Duration::from_secs(60);
    bench.cells[0].guard(OpenUntil(CircuitStatus {
        state: CircuitState::Open,
        next_change_at: Some(until),
        ..CircuitStatus::closed(Instant::now())
    }));
    bench.discover(Change::Insert("a", 1));
    assert_eq!(bench.offers(), [""; 0]);
    assert!(matches!(bench.offered.next().await, Some(Ok(Change::Insert("a", 1)))));
    assert!(Instant::now() >= until);
}
