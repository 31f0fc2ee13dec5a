//! What says something of a database, and what does not.

use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, Error, MultiDbClient, MultiDbConfig, TransactionSettings};
use tests::{PATIENCE, becomes_active, pair, plain, switches, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_transaction_that_meets_a_conflict_says_nothing_against_its_database() {
    let (primary, _secondary, config) = pair().await;
    // The first failure would be one too many.
    let client = MultiDbClient::new(config.min_num_failures(1).failure_rate_threshold(0.0)).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let other = plain(&primary.url()).await;
    for _ in 0..5 {
        let conflict: Result<Option<()>, Error> = client
            .transaction_with(TransactionSettings::default().attempts(2), "key", |_, mut pipeline| {
                let mut other = other.clone();
                async move {
                    other.incr::<_, _, ()>("key", 1).await?;
                    pipeline.set("key", 0);
                    Ok(Some(pipeline))
                }
            })
            .await;
        assert!(matches!(conflict, Err(Error::TransactionConflict { attempts: 2 })), "{conflict:?}");
    }
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_name_that_leads_nowhere_is_a_failure() {
    let (_primary, secondary, _) = pair().await;
    for checked in [true, false] {
        let config = MultiDbConfig::new([
            DatabaseConfig::from_url("redis://no-such-host.invalid:6379").unwrap().name("nowhere"),
            DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5),
        ])
        .health_check_delay(Duration::from_millis(20))
        .min_num_failures(2)
        .failures_detection_window(Duration::from_secs(2));
        let config = if checked { config } else { config.health_checks([]) };
        let mut client = MultiDbClient::new(config).unwrap();
        until("a command that works", async || client.clone().set::<_, _, ()>("key", "value").await.is_ok())
            .await;
        becomes_active(&client, "secondary").await;
        let value: String = client.get("key").await.unwrap();
        assert_eq!(value, "value");
    }
}
