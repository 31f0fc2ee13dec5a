//! Every reply belongs to its call, whatever becomes of the calls beside it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis_failover::{MultiDbClient, RetrySafety};
use tests::{PATIENCE, pair};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

const CALLERS: u64 = 16;

/// Asks for echoes, gives some of them up, and counts those that came. No two calls ask for the same.
async fn asks(mut client: MultiDbClient, caller: u64, ended: Arc<AtomicBool>) -> u64 {
    let mut answered = 0;
    for number in 0_u64.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let word = caller * 1_000_000 + number;
        // From none to two milliseconds: given up before, while and after it was sent.
        let patience = match number % 3 {
            0 => Duration::from_micros(number % 2000),
            _ => PATIENCE,
        };
        let echo = redis::cmd("ECHO").arg(word).take();
        if let Ok(Ok(reply)) = timeout(patience, echo.query_async::<u64>(&mut client)).await {
            assert_eq!(reply, word, "the reply of another call");
            answered += 1;
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b62_every_reply_belongs_to_its_call() {
    let (primary, _secondary, config) = pair().await;
    let config = config.response_timeout(Duration::from_millis(20)).retry_safety(RetrySafety::All);
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let callers: JoinSet<_> =
        (0..CALLERS).map(|caller| asks(client.clone(), caller, Arc::clone(&ended))).collect();

    let handle = client.handle().unwrap();
    for turn in 0..200 {
        // Whether it is obeyed is not the question.
        let _ = handle.force_active(["secondary", "primary"][turn % 2], None).await;
        if turn % 50 == 25 {
            // Calls time out, and their replies come later.
            primary.freeze().unwrap();
            sleep(Duration::from_millis(60)).await;
            primary.thaw().unwrap();
        }
        sleep(Duration::from_millis(5)).await;
    }
    ended.store(true, Ordering::Relaxed);
    // A reply that was another call's has panicked in there.
    let answered: u64 = callers.join_all().await.into_iter().sum();
    assert!(answered > CALLERS, "{answered} answers");
}
