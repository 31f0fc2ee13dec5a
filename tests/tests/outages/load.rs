//! Many callers at once.

use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::tower_failover::SwitchReason;
use redis_failover::{Backoff, MultiDbClient};
use tests::{Load, PATIENCE, becomes_active, pair, until};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Stage, brisk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b37_under_load_a_region_is_left_for_its_outage_and_then_returned_to() {
    let grace = Duration::from_secs(2);
    let stage = Stage::set(|config| {
        config
            .command_retry(0, Backoff::new(Duration::ZERO, Duration::ZERO))
            .failures_detection_window(Duration::from_secs(1))
            .failure_rate_threshold(0.1)
            .health_check_interval(Duration::from_millis(500))
            .auto_fallback_interval(Some(Duration::from_secs(1)))
            .grace_period(grace)
    })
    .await;
    let load = Load::start(&stage.client, 16);
    sleep(Duration::from_millis(500)).await;
    let network = stage.network.control();
    network.refuse();
    network.reset();
    becomes_active(&stage.client, "secondary").await;
    let during = Load::start(&stage.client, 4);
    sleep(Duration::from_secs(2)).await;
    let during = during.end().await;
    assert!(during.errors.is_empty(), "{:?}", during.errors);
    until("no connection to a region that is away", async || network.connections_open() == 0).await;

    network.heal().unwrap();
    becomes_active(&stage.client, "primary").await;
    sleep(Duration::from_millis(500)).await;
    // Every caller has come to its end, so none hangs.
    let tally = timeout(PATIENCE, load.end()).await.unwrap();
    assert!(tally.answered > tally.errors.len() as u64, "{tally:?}");

    let switches = stage.client.snapshot().unwrap().switches;
    let [.., away, back] = &switches[..] else { panic!("{switches:?}") };
    assert!(matches!(away.reason, SwitchReason::Unavailable(_)), "{away:?}");
    assert_eq!(back.reason, SwitchReason::Fallback);
    assert!(back.at - away.at >= Duration::from_secs(2) + grace, "{:?}", back.at - away.at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_however_many_callers_there_are_all_of_them_move() {
    for callers in [4, 6, 7, 8, 9, 16] {
        let (primary, secondary, config) = pair().await;
        let client = MultiDbClient::new(config.health_check_delay(Duration::from_millis(20))).unwrap();
        client.connect(PATIENCE).await.unwrap();
        becomes_active(&client, "primary").await;
        let calls = |prefix: &'static str| -> JoinSet<()> {
            (0..callers)
                .map(|caller| {
                    let mut client = client.clone();
                    async move {
                        let key = format!("{prefix}:{caller}");
                        while client.set::<_, _, ()>(&key, caller).await.is_err() {
                            sleep(Duration::from_millis(1)).await;
                        }
                    }
                })
                .collect()
        };
        timeout(PATIENCE, calls("before").join_all()).await.unwrap();
        primary.kill().unwrap();
        timeout(PATIENCE, calls("after").join_all()).await.unwrap();
        let keys: Vec<String> = tests::plain(&secondary.url()).await.keys("*").await.unwrap();
        assert_eq!(keys.len(), callers, "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_a_slow_region_is_left_by_the_calls_that_time_out() {
    for alone in [true, false] {
        let stage = Stage::set(|config| {
            let config = brisk(config)
                .response_timeout(Duration::from_millis(200))
                .failure_rate_threshold(0.1)
                .min_num_failures(5)
                .auto_fallback_interval(None);
            // Alone, there is nobody but the failure detector.
            if alone { config.health_checks([]) } else { config }
        })
        .await;
        stage.network.control().latency(Duration::from_secs(2), Duration::ZERO);
        let mut client = stage.client.clone();
        let mut answered = 0;
        for call in 0..20 {
            answered += u32::from(client.set::<_, _, ()>(call, call).await.is_ok());
        }
        assert!(answered >= 10, "{answered} of 20");
        let reasons = stage.reasons();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(!alone || format!("{reasons:?}").contains("FailureDetector"), "{reasons:?}");
    }
}
