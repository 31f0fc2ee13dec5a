//! One client of a herd, and its calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{Event, MultiDbClient, MultiDbConfig};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tower_failover::Chance;

use super::{Moves, Place};
use crate::{NAMES, PATIENCE};

/// A client, and the task that calls through it.
#[derive(Debug)]
pub(super) struct Member {
    caller: JoinHandle<()>,
}

/// What all members tell of themselves.
#[derive(Debug)]
pub(super) struct Diary {
    began: Instant,
    pages: Mutex<Pages>,
}

#[derive(Debug)]
pub(super) struct Pages {
    pub(super) moves: Moves,
    /// How many calls of each member were answered.
    pub(super) answered: Vec<u64>,
    /// What the calls that failed were told, and when.
    pub(super) errors: Vec<(Duration, String)>,
    /// Calls that were neither answered nor refused in all patience.
    pub(super) hung: u64,
}

impl Diary {
    pub(super) fn of(clients: usize) -> Arc<Self> {
        let (moves, answered) = (Moves::new(clients), vec![0; clients]);
        let pages = Pages { moves, answered, errors: Vec::new(), hung: 0 };
        Arc::new(Self { began: Instant::now(), pages: Mutex::new(pages) })
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Connects, and calls about once in each `pause` from then on.
    pub(super) async fn join(
        number: usize,
        config: MultiDbConfig,
        pause: Duration,
        diary: Arc<Diary>,
    ) -> Self {
        let told = Arc::clone(&diary);
        let config = config.async_listener(move |event| {
            if let Some(place) = place(&event) {
                let at = told.began.elapsed();
                told.pages().moves.went(at, number, place);
            }
            std::future::ready(())
        });
        let client = MultiDbClient::new(config).unwrap();
        client.connect(PATIENCE).await.unwrap();
        Self { caller: tokio::spawn(call(client, number, pause, diary)) }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.caller.abort();
    }
}

fn place(event: &Event) -> Option<Place> {
    match event {
        Event::ActiveChanged { to, .. } if **to == *NAMES[0] => Some(Place::Primary),
        Event::ActiveChanged { .. } => Some(Place::Secondary),
        Event::OutageBegan => Some(Place::Nowhere),
        _ => None,
    }
}

async fn call(mut client: MultiDbClient, number: usize, pause: Duration, diary: Arc<Diary>) {
    let key = format!("member:{number}");
    let chance = Chance::default();
    for turn in 0_u64.. {
        // Not in step with the others.
        sleep(chance.up_to(pause * 2)).await;
        let ended = timeout(PATIENCE, client.set::<_, _, ()>(&key, turn)).await;
        let mut pages = diary.pages();
        match ended {
            Ok(Ok(())) => pages.answered[number] += 1,
            Ok(Err(error)) => pages.errors.push((diary.began.elapsed(), format!("{error:?}"))),
            Err(_) => pages.hung += 1,
        }
    }
}
