use std::time::Duration;

use redis_failover::MultiDbConfig;
use tokio::time::{Instant, sleep};
use tower_failover::balance::{Candidate, Strategy};

use crate::fake::{connected, pair, who};

#[tokio::test(start_paused = true)]
async fn b5_a_strategy_of_ones_own_chooses() {
    struct Lightest;
    impl Strategy for Lightest {
        fn choose(&self, candidates: &[Candidate]) -> usize {
            let weights = candidates.iter().map(|candidate| candidate.weight.get());
            weights.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
        }
    }
    let (eu, us) = pair();
    let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)]).failover_strategy(Lightest);
    let mut client = connected(config).await;
    assert_eq!(who(&mut client).await.unwrap(), "us");
    us.set_up(false);
    assert_eq!(who(&mut client).await.unwrap(), "eu");
}

#[tokio::test(start_paused = true)]
async fn b29_commands_wait_for_a_database_where_that_is_asked_for() {
    for limit in [None, Some(Duration::from_secs(20))] {
        let (eu, us) = pair();
        let config = MultiDbConfig::new([eu.config(1.0), us.config(0.5)]).wait_for_database(limit);
        let mut client = connected(config).await;
        eu.set_up(false);
        us.set_up(false);
        sleep(Duration::from_secs(20)).await;
        let (began, back) = (Instant::now(), us.clone());
        tokio::spawn(async move {
            sleep(Duration::from_secs(2)).await;
            back.set_up(true);
        });
        let served_by = who(&mut client).await.ok();
        assert_eq!(served_by.as_deref(), limit.map(|_| "us"));
        assert_eq!(began.elapsed() >= Duration::from_secs(2), limit.is_some());
    }
}
