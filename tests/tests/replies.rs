//! Every reply belongs to its call, whatever becomes of the calls beside it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::AsyncCommands;
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

/// A list and a channel of its own for each caller, and whatever else gives each reply a place where it belongs: plain
/// and atomic pipelines, and blocking commands on connections that are used again. Some are given up.
async fn asks_in_all_ways(mut client: MultiDbClient, caller: u64, ended: Arc<AtomicBool>) -> u64 {
    let (mut answered, mut taken) = (0, HashSet::new());
    let key = format!("list:{caller}");
    for number in 0_u64.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let word = caller * 1_000_000 + number;
        let patience = match number % 4 {
            0 => Duration::from_micros(number % 3000),
            _ => PATIENCE,
        };
        let mut pipeline = redis::pipe();
        pipeline.cmd("ECHO").arg(word).ignore().cmd("ECHO").arg(word + 1);
        if number % 2 == 0 {
            pipeline.atomic();
        }
        if let Ok(Ok((reply,))) = timeout(patience, pipeline.query_async::<(u64,)>(&mut client)).await {
            assert_eq!(reply, word + 1, "the reply of another pipeline");
            answered += 1;
        }
        // Each element is put there once, and so is taken once. The other database may have kept one.
        let _: Result<(), _> = client.rpush(&key, word).await;
        let popped = timeout(patience, client.blpop::<_, Option<(String, u64)>>(&key, 0.02)).await;
        if let Ok(Ok(Some((list, element)))) = popped {
            assert_eq!(list, key, "the element of another list");
            assert!(taken.insert(element) && element <= word, "{element} again");
            answered += 1;
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b62_replies_to_pipelines_and_blocking_commands_belong_to_their_calls() {
    let (primary, _secondary, config) = pair().await;
    // So few that each serves many, and fails some of them.
    let config = config.response_timeout(Duration::from_millis(100)).dedicated_connections(4);
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let callers: JoinSet<_> =
        (0..CALLERS).map(|caller| asks_in_all_ways(client.clone(), caller, Arc::clone(&ended))).collect();
    let handle = client.handle().unwrap();
    for turn in 0..40 {
        let _ = handle.force_active(["secondary", "primary"][turn % 2], None).await;
        if turn % 10 == 5 {
            primary.freeze().unwrap();
            sleep(Duration::from_millis(150)).await;
            primary.thaw().unwrap();
        }
        sleep(Duration::from_millis(40)).await;
    }
    ended.store(true, Ordering::Relaxed);
    let answered: u64 = callers.join_all().await.into_iter().sum();
    assert!(answered > CALLERS, "{answered} answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b62_a_command_without_words_takes_no_reply_from_another_call() {
    let (_primary, _secondary, config) = pair().await;
    let mut client = MultiDbClient::new(config).unwrap();
    for key in ["a", "b"] {
        client.set::<_, _, ()>(key, key).await.unwrap();
    }
    let mut pipeline = redis::pipe();
    pipeline.add_command(redis::Cmd::new()).get("a");
    let mut other = client.clone();
    let begun = async {
        tokio::task::yield_now().await;
        other.get::<_, String>("b").await
    };
    let (refused, answer) = tokio::join!(pipeline.query_async::<Vec<String>>(&mut client), begun);
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("empty command"), "{refused}");
    assert_eq!(answer.unwrap(), "b");
    assert_eq!(client.counters().unwrap().ambiguous(), 0, "nothing was sent");
}
