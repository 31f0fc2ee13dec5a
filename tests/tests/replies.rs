//! Every reply belongs to its call, whatever becomes of the calls beside it.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

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

/// What became of a caller's calls.
#[derive(Debug, Default)]
struct Replies {
    came: u64,
    given_up: u64,
}

/// Those of all callers, and how often the calls went elsewhere and were repeated: what there was to mix them up.
async fn after_the_storm(callers: JoinSet<Replies>, client: &MultiDbClient, moves: u32) {
    // A reply that was another call's has panicked in there.
    let all = callers.join_all().await.into_iter().fold(Replies::default(), |all, one| Replies {
        came: all.came + one.came,
        given_up: all.given_up + one.given_up,
    });
    let counters = client.counters().unwrap();
    let missed = counters.retries() + counters.ambiguous();
    assert!(all.came > CALLERS && all.given_up > CALLERS, "{all:?}");
    assert!(moves >= 10 && missed > 0, "{moves} moves, {counters:?}");
}

/// Asks for echoes, gives some of them up, and counts those that came. No two calls ask for the same.
async fn asks(mut client: MultiDbClient, caller: u64, ended: Arc<AtomicBool>) -> Replies {
    let mut replies = Replies::default();
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
        match timeout(patience, echo.query_async::<u64>(&mut client)).await {
            Ok(Ok(reply)) => {
                assert_eq!(reply, word, "the reply of another call");
                replies.came += 1;
            }
            Ok(Err(_)) => {}
            Err(_) => replies.given_up += 1,
        }
    }
    replies
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
    let mut moves = 0;
    for turn in 0..200 {
        moves += u32::from(handle.force_active(["secondary", "primary"][turn % 2], None).await.is_ok());
        if turn % 50 == 25 {
            // Calls time out, and their replies come later.
            primary.freeze().unwrap();
            sleep(Duration::from_millis(60)).await;
            primary.thaw().unwrap();
        }
        sleep(Duration::from_millis(5)).await;
    }
    ended.store(true, Ordering::Relaxed);
    after_the_storm(callers, &client, moves).await;
}

/// A list and a channel of its own for each caller, and whatever else gives each reply a place where it belongs: plain
/// and atomic pipelines, and blocking commands on connections that are used again. Some are given up.
async fn asks_in_all_ways(mut client: MultiDbClient, caller: u64, ended: Arc<AtomicBool>) -> Replies {
    let (mut replies, mut taken) = (Replies::default(), HashSet::new());
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
        match timeout(patience, pipeline.query_async::<(u64,)>(&mut client)).await {
            Ok(Ok((reply,))) => {
                assert_eq!(reply, word + 1, "the reply of another pipeline");
                replies.came += 1;
            }
            Ok(Err(_)) => {}
            Err(_) => replies.given_up += 1,
        }
        // Each element is put there once, and so is taken once. The other database may have kept one.
        let _: Result<(), _> = client.rpush(&key, word).await;
        let popped = timeout(patience, client.blpop::<_, Option<(String, u64)>>(&key, 0.02)).await;
        match popped {
            Ok(Ok(Some((list, element)))) => {
                assert_eq!(list, key, "the element of another list");
                assert!(taken.insert(element) && element <= word, "{element} again");
                replies.came += 1;
            }
            Ok(_) => {}
            Err(_) => replies.given_up += 1,
        }
    }
    replies
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
    let mut moves = 0;
    for turn in 0..40 {
        moves += u32::from(handle.force_active(["secondary", "primary"][turn % 2], None).await.is_ok());
        if turn % 10 == 5 {
            primary.freeze().unwrap();
            sleep(Duration::from_millis(150)).await;
            primary.thaw().unwrap();
        }
        sleep(Duration::from_millis(40)).await;
    }
    ended.store(true, Ordering::Relaxed);
    after_the_storm(callers, &client, moves).await;
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
