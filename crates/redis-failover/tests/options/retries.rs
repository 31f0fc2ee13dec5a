use std::{io, time::Duration};

use redis::Value;
use redis_failover::{Command, DatabaseConfig, Error, MultiDbClient, MultiDbConfig};
use tower::service_fn;
use tower_failover::Backoff;

use crate::fake::{Fake, connected, who};

/// How often a GET is sent to the only database, which fails it.
async fn attempts(set: impl FnOnce(MultiDbConfig) -> MultiDbConfig) -> u64 {
    let eu = Fake::new("eu");
    let mut client = connected(set(MultiDbConfig::new([eu.config(1.0)]).health_checks([]))).await;
    eu.set_up(false);
    let error = who(&mut client).await.unwrap_err();
    assert!(!matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(_))), "{error:?}");
    eu.commands()
}

#[tokio::test(start_paused = true)]
async fn b31_a_command_is_repeated_as_often_as_it_is_said() {
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
    assert_eq!(attempts(|config| config).await, 4);
    assert_eq!(attempts(|config| config.command_retry(5, backoff)).await, 6);
    assert_eq!(attempts(|config| config.command_retry(0, backoff)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn b34_the_budget_of_repeats_can_be_set() {
    assert_eq!(attempts(|config| config.retry_budget(0.0, 0)).await, 1);
    assert_eq!(attempts(|config| config.retry_budget(0.0, 1)).await, 3);
}

#[tokio::test(start_paused = true)]
async fn b33_only_what_changes_something_is_told_to_have_been_applied_perhaps() {
    async fn breaks(_: Command<'_>) -> io::Result<Value> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
    let eu = DatabaseConfig::from_service("eu", service_fn(breaks));
    let mut client = MultiDbClient::new(MultiDbConfig::new([eu]).health_checks([])).unwrap();

    let get = redis::cmd("GET").arg("key").take();
    let error = client.call(get.into()).await.unwrap_err();
    assert!(matches!(error, Error::Redis(_)), "{error:?}");
    assert_eq!(client.counters().unwrap().ambiguous(), 0);

    let increment = redis::cmd("INCR").arg("key").take();
    let error = client.call(increment.into()).await.unwrap_err();
    assert!(matches!(error, Error::MayHaveBeenApplied(_)), "{error:?}");
    assert_eq!(client.counters().unwrap().ambiguous(), 1);
}
