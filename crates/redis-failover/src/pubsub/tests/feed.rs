use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use redis::IntoConnectionInfo;
use tokio::time::{Duration, timeout};
use tower_failover::availability::Evidence;
use tower_failover::health::HealthWatch;
use tower_failover::{
    Availability, Chance, Check, Events, Health, HealthPlan, HealthSettings, Probe, Verdict,
};
use tower_service::Service;

use super::stage::{LONG, Server, until};
use crate::connection::Endpoint;
use crate::pubsub::Source;
use crate::pubsub::feed::{Feed, News};

/// A check whose word is law.
#[derive(Clone, Default)]
struct Word(Arc<AtomicBool>);

impl Word {
    fn set(&self, healthy: bool) {
        self.0.store(healthy, Ordering::Relaxed);
    }
}

impl Service<Probe> for Word {
    type Response = Health;
    type Error = Infallible;
    type Future = Ready<Result<Health, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Probe) -> Self::Future {
        let down = Health::Unhealthy(Evidence::Answered("down".into()));
        ready(Ok(if self.0.load(Ordering::Relaxed) { Health::Healthy } else { down }))
    }
}

fn feed(server: &Server, availability: &Availability) -> Feed {
    let info = "redis://london".into_connection_info().unwrap();
    let endpoint = Endpoint::new(info, Arc::new(server.connector()), LONG);
    let source = Source::new(endpoint, availability.clone(), Duration::ZERO);
    Feed::new(source, Chance::seeded(1))
}

fn watch(availability: &Availability, word: &Word) -> HealthWatch {
    let settings = HealthSettings { probes: 1, ..HealthSettings::default() };
    HealthPlan::new([Check::new("word", word.clone())]).settings(settings).watch(availability).unwrap()
}

async fn connects(feed: &mut Feed, limit: Duration) -> bool {
    let news = timeout(limit, poll_fn(|context| feed.poll(context))).await;
    matches!(news, Ok(News::Connected(_)))
}

#[tokio::test(start_paused = true)]
async fn b36_a_database_is_dialled_when_its_checks_have_passed() {
    let (server, word) = (Server::start(), Word::default());
    let availability = Availability::new("london", Events::default());
    let _watch = watch(&availability, &word);
    until(async || availability.view().verdict == Verdict::Unhealthy).await;

    let mut feed = feed(&server, &availability);
    assert!(!connects(&mut feed, Duration::from_secs(60)).await);
    assert_eq!(server.control.connections_accepted(), 0);
    word.set(true);
    assert!(connects(&mut feed, LONG).await);
}

#[tokio::test(start_paused = true)]
async fn b36_a_dial_is_given_up_when_the_checks_have_failed() {
    let (server, word) = (Server::start(), Word::default());
    word.set(true);
    let availability = Availability::new("london", Events::default());
    let _watch = watch(&availability, &word);
    until(async || availability.view().verdict == Verdict::Healthy).await;
    server.control.freeze();
    let mut feed = feed(&server, &availability);
    assert!(!connects(&mut feed, Duration::from_millis(100)).await);
    assert_eq!(server.control.connections_open(), 1);

    word.set(false);
    assert!(!connects(&mut feed, Duration::from_secs(60)).await);
    server.control.thaw();
    until(async || server.control.connections_open() == 0).await;
    assert_eq!(server.control.connections_accepted(), 1);
}

#[tokio::test(start_paused = true)]
async fn b36_a_database_without_checks_is_dialled_again_and_again() {
    let server = Server::start();
    server.refuse_connections(true);
    let mut feed = feed(&server, &Availability::new("london", Events::default()));
    assert!(!connects(&mut feed, Duration::from_secs(60)).await);
    // 100 ms doubling to 5 s, and on average half of that.
    assert!((15..60).contains(&server.refused()), "{}", server.refused());
    server.refuse_connections(false);
    assert!(connects(&mut feed, LONG).await);
}
