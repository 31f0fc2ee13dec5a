use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::{Duration, Instant};
use tower_failover::event::Name;

use super::{message, shown};
use crate::pubsub::buffer::Limits;
use crate::pubsub::delivery::{Delivery, Generation};
use crate::pubsub::inbox::Inbox;

const LONDON: &str = "london";
const PARIS: &str = "paris";

/// A delivery at a time that it is told, and its reader.
struct Stage {
    inbox: Arc<Inbox>,
    delivery: Delivery,
    now: Instant,
}

const LIMITS: Limits = Limits { items: 100, bytes: 1 << 20 };

impl Stage {
    fn new() -> Self {
        Self::with_overlap(Duration::ZERO)
    }

    fn with_overlap(overlap: Duration) -> Self {
        let inbox = Arc::new(Inbox::new(LIMITS));
        let mut delivery = Delivery::new(Arc::clone(&inbox), LIMITS, overlap);
        delivery.subscribed();
        Self { inbox, delivery, now: Instant::now() }
    }

    fn passes(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn activate(&mut self, database: &str) {
        self.delivery.activate(Some(Name::from(database)), self.now);
    }

    fn connect(&mut self, database: &str) -> Generation {
        let generation = self.delivery.opened(database.into());
        self.delivery.settled(generation, self.now);
        generation
    }

    fn receives(&mut self, generation: Generation, payload: &str) {
        let message = message(payload).into_message().unwrap();
        self.delivery.message(generation, message, self.now);
    }

    fn read(&self) -> Vec<String> {
        let mut context = Context::from_waker(Waker::noop());
        let next = || match self.inbox.poll_next(&mut context) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        };
        std::iter::from_fn(next).map(|item| shown(&item)).collect()
    }
}

#[test]
fn b45_a_gap_stands_between_the_databases() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let london = stage.connect(LONDON);
    stage.receives(london, "1");
    stage.delivery.ended(london);
    stage.activate(PARIS);
    let paris = stage.connect(PARIS);
    stage.receives(paris, "2");
    assert_eq!(stage.read(), ["1", "london > paris", "2"]);
}

#[test]
fn b45_a_reconnect_is_a_gap_from_a_database_to_itself() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let first = stage.connect(LONDON);
    stage.receives(first, "1");
    stage.delivery.ended(first);
    let second = stage.connect(LONDON);
    stage.receives(second, "2");
    assert_eq!(stage.read(), ["1", "london > london", "2"]);
}

#[test]
fn b45_nothing_of_the_former_database_comes_after_the_gap() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let london = stage.connect(LONDON);
    stage.activate(PARIS);
    // Until everything is subscribed at the new database, the former one is listened to.
    stage.receives(london, "1");
    let paris = stage.connect(PARIS);
    stage.receives(london, "late");
    stage.receives(paris, "2");
    stage.delivery.ended(london);
    stage.receives(london, "later");
    assert_eq!(stage.read(), ["1", "london > paris", "2"]);
}

#[test]
fn b45_a_connection_is_turned_to_when_everything_is_subscribed_there() {
    for made_before in [false, true] {
        let mut stage = Stage::new();
        stage.activate(LONDON);
        let london = stage.connect(LONDON);
        let early = made_before.then(|| stage.delivery.opened(PARIS.into()));
        stage.activate(PARIS);
        let paris = early.unwrap_or_else(|| stage.delivery.opened(PARIS.into()));
        stage.receives(paris, "2");
        stage.receives(london, "1");
        assert_eq!(stage.read(), ["1"]);
        stage.delivery.settled(paris, stage.now);
        stage.receives(paris, "3");
        assert_eq!(stage.read(), ["london > paris", "2", "3"]);
    }
}

#[test]
fn b45_there_is_no_gap_before_anything_was_subscribed() {
    let mut stage = Stage::new();
    stage.delivery = Delivery::new(Arc::clone(&stage.inbox), LIMITS, Duration::ZERO);
    stage.activate(LONDON);
    stage.connect(LONDON);
    stage.activate(PARIS);
    stage.connect(PARIS);
    assert_eq!(stage.read(), Vec::<String>::new());
}

#[test]
fn b45_while_none_is_active_the_connection_there_is_goes_on() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let london = stage.connect(LONDON);
    stage.delivery.activate(None, stage.now);
    stage.receives(london, "1");
    stage.activate(LONDON);
    stage.receives(london, "2");
    assert_eq!(stage.read(), ["1", "2"]);
}

#[test]
fn b46_only_the_active_databases_messages_are_passed_on() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let (london, paris) = (stage.connect(LONDON), stage.connect(PARIS));
    stage.receives(london, "1");
    stage.passes(1);
    stage.receives(paris, "unheard");
    stage.passes(1);
    stage.receives(london, "2");
    stage.activate(PARIS);
    stage.receives(london, "late");
    stage.receives(paris, "3");
    assert_eq!(stage.read(), ["1", "2", "london > paris", "3"]);
}

#[test]
fn b46_what_the_new_database_received_since_the_former_one_fell_silent_is_not_lost() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let (london, paris) = (stage.connect(LONDON), stage.connect(PARIS));
    stage.receives(paris, "unheard");
    stage.passes(1);
    stage.delivery.heard(london, stage.now);
    stage.passes(300);
    stage.receives(paris, "1");
    stage.delivery.ended(london);
    stage.passes(1000);
    stage.receives(paris, "2");
    stage.activate(PARIS);
    stage.receives(paris, "3");
    assert_eq!(stage.read(), ["london > paris", "1", "2", "3"]);
}

#[test]
fn b46_publishers_may_be_moved_earlier_by_as_much_as_the_overlap() {
    let read = |overlap| {
        let mut stage = Stage::with_overlap(Duration::from_millis(overlap));
        stage.activate(LONDON);
        let (london, paris) = (stage.connect(LONDON), stage.connect(PARIS));
        stage.receives(paris, "unheard");
        stage.passes(10);
        stage.receives(london, "1");
        for payload in ["2", "3", "4"] {
            stage.passes(1000);
            stage.receives(paris, payload);
            // It answers its PINGs, but nobody publishes there any more.
            stage.delivery.heard(london, stage.now);
        }
        stage.passes(1);
        stage.delivery.heard(london, stage.now);
        stage.activate(PARIS);
        stage.read()
    };
    assert_eq!(read(0), ["1", "london > paris"]);
    assert_eq!(read(1500), ["1", "london > paris", "3", "4"]);
    assert_eq!(read(60_000), ["1", "london > paris", "2", "3", "4"]);
}

#[test]
fn b46_while_the_active_database_lives_next_to_nothing_is_held_back() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let (london, paris) = (stage.connect(LONDON), stage.connect(PARIS));
    for number in 0..1000 {
        stage.passes(1);
        stage.receives(paris, &number.to_string());
        stage.delivery.heard(london, stage.now);
        assert!(stage.delivery.held_back() <= 2);
    }
    stage.activate(PARIS);
    assert_eq!(stage.read(), ["london > paris", "999"]);
}

#[test]
fn b46_what_does_not_fit_while_it_is_held_back_is_counted() {
    let mut stage = Stage::new();
    stage.activate(LONDON);
    let (_london, paris) = (stage.connect(LONDON), stage.connect(PARIS));
    for number in 0..103 {
        stage.passes(1);
        stage.receives(paris, &number.to_string());
    }
    stage.activate(PARIS);
    let read = stage.read();
    assert_eq!(read[..3], ["lagged 3", "london > paris", "3"]);
    assert_eq!((read.len(), read.last().unwrap().as_str()), (2 + 100, "102"));
}
