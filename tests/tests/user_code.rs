//! Code of the application inside the client: it may panic, and the rest lives on.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::connection::{Address, BoxedStream, Connect, TcpConnect};
use redis_failover::health::Prober;
use redis_failover::tower_failover::balance::{Candidate, Strategy};
use redis_failover::tower_failover::failure_detector::Observation;
use redis_failover::tower_failover::{Health, Probe};
use redis_failover::{
    DatabaseConfig, Event, EventStream, HealthCheck, MultiDbClient, MultiDbConfig, Standby,
};
use tests::{PATIENCE, active, becomes_active, pair, quick, switches, until};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// Whether a panic is told of.
async fn told_of_a_panic(events: &mut EventStream) {
    let told = async {
        loop {
            match events.next().await {
                Some(Event::Panicked { .. }) => return,
                Some(_) => {}
                None => panic!("the events have ended"),
            }
        }
    };
    timeout(PATIENCE, told).await.unwrap();
}

/// Both directions, by clones that share all.
async fn works(client: &MultiDbClient) {
    let mut client = client.clone();
    client.set::<_, _, ()>("key", "value").await.unwrap();
    let value: String = client.get("key").await.unwrap();
    assert_eq!(value, "value");
}

struct Undecided;

impl Strategy for Undecided {
    fn choose(&self, _: &[Candidate]) -> usize {
        panic!("of the strategy")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_with_a_strategy_that_panics_the_default_chooses() {
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config.failover_strategy(Undecided)).unwrap();
    let mut events = client.events();
    client.connect(PATIENCE).await.unwrap();
    told_of_a_panic(&mut events).await;
    becomes_active(&client, "primary").await;
    works(&client).await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    works(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_detector_that_panics_fails_no_call_and_moves_nobody() {
    let (primary, _secondary, config) = pair().await;
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let careless = move || {
        let counted = Arc::clone(&counted);
        move |_: &Observation| -> bool {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("of the detector")
        }
    };
    let client = MultiDbClient::new(config.add_failure_detector(careless)).unwrap();
    let mut events = client.events();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    for _ in 0..10 {
        works(&client).await;
    }
    told_of_a_panic(&mut events).await;
    assert_eq!(switches(&client), Vec::<String>::new());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "once, and never again");
    // The client's own detectors go on.
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    works(&client).await;
}

/// Makes detectors, and sees whether the client can be managed meanwhile.
fn managing(
    client: &MultiDbClient,
    managed: &Arc<AtomicU32>,
) -> impl Fn() -> fn(&Observation) -> bool + use<> {
    let (client, managed) = (client.clone(), Arc::clone(managed));
    move || {
        let managing = timeout(PATIENCE / 4, client.update_database_weight("primary", 1.0));
        if tokio::task::block_in_place(|| Handle::current().block_on(managing)).is_ok_and(|done| done.is_ok())
        {
            managed.fetch_add(1, Ordering::SeqCst);
        }
        |_| false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_whoever_makes_detectors_may_manage_the_client() {
    let (_primary, secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let managed = Arc::new(AtomicU32::new(0));
    client.add_failure_detector_to("primary", managing(&client, &managed)).await.unwrap();
    assert_eq!(managed.load(Ordering::SeqCst), 1, "while a detector is added");

    client.remove_database("secondary").await.unwrap();
    let joins = DatabaseConfig::from_url(&secondary.url()).unwrap().name("joins").weight(0.1);
    client.add_database(joins.add_failure_detector(managing(&client, &managed))).await.unwrap();
    assert_eq!(managed.load(Ordering::SeqCst), 2, "while a database joins");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b24_a_check_that_panics_now_and_then_costs_its_database_no_more_than_that() {
    let (primary, secondary, _) = pair().await;
    let panics = Arc::new(AtomicBool::new(false));
    let of_check = Arc::clone(&panics);
    // Before there is a future, and so where no task of its own could hold it.
    let check = HealthCheck::new("careless", move |_: Prober, _: Probe| {
        assert!(!of_check.load(Ordering::SeqCst), "of the check");
        async { Health::Healthy }
    });
    let databases = [
        DatabaseConfig::from_url(&primary.url()).unwrap().name("primary").add_health_check(check),
        DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5),
    ];
    let config =
        quick(MultiDbConfig::new(databases)).auto_fallback_interval(Some(Duration::from_millis(200)));
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    panics.store(true, Ordering::SeqCst);
    becomes_active(&client, "secondary").await;
    works(&client).await;
    panics.store(false, Ordering::SeqCst);
    becomes_active(&client, "primary").await;
    works(&client).await;
}

/// Dials, but for when it panics.
#[derive(Clone)]
struct Careless {
    panics: Arc<AtomicBool>,
    panicked: Arc<AtomicU32>,
}

impl Connect for Careless {
    fn connect<'a>(
        &'a self,
        address: &'a Address,
    ) -> futures_util::future::BoxFuture<'a, std::io::Result<BoxedStream>> {
        if self.panics.load(Ordering::SeqCst) {
            self.panicked.fetch_add(1, Ordering::SeqCst);
            panic!("of the connector");
        }
        Box::pin(async move { TcpConnect::default().connect(address).await })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b36_a_connector_that_panics_is_a_dial_that_failed() {
    let (primary, secondary, _) = pair().await;
    let careless = Careless { panics: Arc::new(AtomicBool::new(true)), panicked: Arc::default() };
    let databases = [
        DatabaseConfig::from_url(&primary.url()).unwrap().name("primary").connector(careless.clone()),
        DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5),
    ];
    // Nothing is dialled for the calls' sake before it is needed.
    let config =
        quick(MultiDbConfig::new(databases)).auto_fallback_interval(Some(Duration::from_millis(200)));
    let client = MultiDbClient::new(config.standby(Standby::Warm)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "secondary").await;
    works(&client).await;
    until("three panics", async || careless.panicked.load(Ordering::SeqCst) >= 3).await;

    // When it works, so does its database.
    careless.panics.store(false, Ordering::SeqCst);
    becomes_active(&client, "primary").await;
    works(&client).await;
    assert_eq!(active(&client).as_deref(), Some("primary"));
    let mut subscriber = client.pubsub().await.unwrap();
    subscriber.subscribe("channel").await.unwrap();
    let _: Option<(String, String)> = client.clone().blpop("nothing", 0.01).await.unwrap();

    // Lost, while no other can be made: the other database has to do.
    careless.panics.store(true, Ordering::SeqCst);
    let mut operator = tests::plain(&primary.url()).await;
    let _: u64 = redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
        .query_async(&mut operator)
        .await
        .unwrap();
    becomes_active(&client, "secondary").await;
    works(&client).await;
    careless.panics.store(false, Ordering::SeqCst);
    becomes_active(&client, "primary").await;
    works(&client).await;
}
