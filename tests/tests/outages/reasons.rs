//! Why it is switched, as the events say.

use std::time::Duration;

use redis_failover::tower_failover::SwitchReason;
use redis_failover::tower_failover::availability::OpenReason;
use tests::becomes_active;

use super::{Stage, brisk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b51_a_failover_by_health_check_and_the_fallback_say_so() {
    // Nobody calls, so nobody suspects anything.
    let stage =
        Stage::set(|config| brisk(config).health_check_probe_timeout(Duration::from_millis(300))).await;
    stage.network.control().black_hole();
    becomes_active(&stage.client, "secondary").await;
    stage.network.control().heal().unwrap();
    becomes_active(&stage.client, "primary").await;
    assert_eq!(stage.reasons(), [SwitchReason::Unavailable(OpenReason::HealthCheck), SwitchReason::Fallback]);
}
