//! Health checks and failure detectors that are added: B16, B21.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{AsyncCommands, Value};
use redis_failover::{ConfigError, Error, Event, HealthCheck, MultiDbClient, health::Prober};
use tests::{PATIENCE, active, becomes_active, plain, until};
use tokio::time::timeout;
use tower_failover::{
    Health, Outcome, Probe, Verdict,
    availability::{CircuitState, Evidence},
    balance::ManageError,
    failure_detector::Observation,
};

use super::{by_one_probe, connections, database, started};

/// Passes unless the database says that it is closed for the day.
fn is_open() -> HealthCheck {
    let ask = |database: Prober, probe: Probe| async move {
        let question = redis::cmd("EXISTS").arg("closed").take();
        let judge = |reply: &Value| match reply {
            Value::Int(0) => Health::Healthy,
            _ => Health::Unhealthy(Evidence::Answered("closed for the day".into())),
        };
        database.ask(probe, &question, judge).await
    };
    HealthCheck::new("is-open", ask).without_suspicion()
}

fn verdict(client: &MultiDbClient, name: &str) -> Verdict {
    client.snapshot().unwrap().member(name).unwrap().view.verdict
}

#[tokio::test]
async fn b21_a_check_that_is_added_at_run_time_asks_all_databases_and_those_that_join() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu])).await;
    plain(&eu_server.url()).await.set::<_, _, ()>("closed", 1).await.unwrap();
    client.add_health_check(is_open()).await.unwrap();
    until("the verdict of the new check", async || verdict(&client, "eu") == Verdict::Unhealthy).await;
    client.add_database(us).await.unwrap();
    becomes_active(&client, "us").await;

    plain(&us_server.url()).await.set::<_, _, ()>("closed", 1).await.unwrap();
    until("the verdict on who joined", async || verdict(&client, "us") == Verdict::Unhealthy).await;
    let twice = client.add_health_check(is_open()).await.unwrap_err();
    assert!(
        matches!(&twice, Error::Config(ConfigError::Option { option: "health_checks", .. })),
        "{twice:?}"
    );
    // The former loop has given up its connection.
    until("commands, and two checks", async || connections(&us_server).await == 3).await;
}

#[tokio::test]
async fn b21_a_check_is_added_at_run_time_to_one_database_whose_checks_were_switched_off() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu.health_checks([]), us])).await;
    assert!(!client.snapshot().unwrap().member("eu").unwrap().view.checked);
    for server in [&eu_server, &us_server] {
        plain(&server.url()).await.set::<_, _, ()>("closed", 1).await.unwrap();
    }
    client.add_health_check_to("eu", is_open()).await.unwrap();
    becomes_active(&client, "us").await;
    assert_eq!(verdict(&client, "us"), Verdict::Healthy);
    let unknown = client.add_health_check_to("asia", is_open()).await.unwrap_err();
    assert!(matches!(&unknown, Error::Manage(ManageError::UnknownMember(name)) if &**name == "asia"));
}

#[tokio::test]
async fn b16_a_detector_that_is_added_at_run_time_watches_all_databases_and_those_that_join() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 2.0).await);
    let mut client = started(by_one_probe([eu]).grace_period(Duration::from_secs(600))).await;
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    // Three answers are more than it can bear.
    let make = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let seen = AtomicUsize::new(0);
        move |call: &Observation| call.outcome == Outcome::Success && seen.fetch_add(1, Ordering::SeqCst) >= 2
    };
    client.add_failure_detector(make).await.unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 1);
    client.add_database(us).await.unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 2, "a detector to itself");
    assert_eq!(active(&client).as_deref(), Some("us"));
    for _ in 0..3 {
        client.set::<_, _, ()>("key", 1).await.unwrap();
    }
    becomes_active(&client, "eu").await;
    assert_eq!(client.circuit("us").unwrap().state(), CircuitState::Open);
}

#[tokio::test]
async fn b16_a_detector_for_one_database_sees_no_other_and_one_that_cannot_be_made_harms_nobody() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = started(by_one_probe([eu, us]).grace_period(Duration::from_secs(600))).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    // It bears no call at all.
    let make = move || {
        let count = Arc::clone(&count);
        move |_: &Observation| {
            count.fetch_add(1, Ordering::SeqCst);
            true
        }
    };
    client.add_failure_detector_to("us", make).await.unwrap();
    for _ in 0..3 {
        client.set::<_, _, ()>("key", 1).await.unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0, "those were of eu");
    assert_eq!(client.circuit("eu").unwrap().state(), CircuitState::Closed);
    client.force_active_database("us").await.unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    becomes_active(&client, "eu").await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(client.circuit("us").unwrap().state(), CircuitState::Open);

    let mut events = client.events();
    let make = || -> fn(&Observation) -> bool { panic!("a detector that cannot be made") };
    client.add_failure_detector(make).await.unwrap();
    let panicked = async {
        use futures_util::StreamExt;
        loop {
            if let Some(Event::Panicked { what }) = events.next().await {
                return what;
            }
        }
    };
    let what = timeout(PATIENCE, panicked).await.unwrap();
    assert!(what.contains("eu"), "{what}");
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let unknown = client.add_failure_detector_to("asia", || |_: &Observation| true).await.unwrap_err();
    assert!(matches!(&unknown, Error::Manage(ManageError::UnknownMember(_))), "{unknown:?}");
}
