//! Numbered messages, a publisher that keeps a ledger of them, and a reader that is compared with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use redis_failover::{MultiDbClient, PubSub, PubSubItem};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// The channel of all numbered messages.
pub const CHANNEL: &str = "numbers";

/// The key under which each server knows its name.
pub const NAME: &str = "name";

/// Messages in each millisecond, as long as the machine keeps up.
const AT_ONCE: u64 = 2;

/// Publishes the numbers from 1 on, one after the other, until it is told to stop.
#[derive(Debug)]
pub struct Publisher {
    ended: Arc<AtomicBool>,
    publishing: JoinHandle<Ledger>,
}

/// Which server took which number. Numbers that got no answer are in it nowhere: they may have been published or not.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Number to server.
    pub taken: BTreeMap<u64, String>,
    /// How many got no answer.
    pub unanswered: u64,
}

impl Publisher {
    /// Starts to publish through this client.
    #[must_use]
    pub fn start(client: &MultiDbClient) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn(publish(client.clone(), Arc::clone(&ended)));
        Self { ended, publishing }
    }

    /// Stops, and hands over the ledger.
    pub async fn end(self) -> Ledger {
        self.ended.store(true, Ordering::Relaxed);
        self.publishing.await.unwrap()
    }
}

async fn publish(mut client: MultiDbClient, ended: Arc<AtomicBool>) -> Ledger {
    let mut ledger = Ledger::default();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0;
    while !ended.load(Ordering::Relaxed) {
        for _ in 0..AT_ONCE {
            number += 1;
            let mut transaction = redis::pipe();
            transaction.atomic().get(NAME).publish(CHANNEL, number).ignore();
            match transaction.query_async::<(String,)>(&mut client).await {
                Ok((server,)) => {
                    ledger.taken.insert(number, server);
                }
                Err(_) => ledger.unanswered += 1,
            }
        }
        ticks.tick().await;
    }
    ledger
}

/// What a reader read, in few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// A number.
    Number(u64),
    /// From one server to another.
    Gap(String, String),
}

/// Reads until nothing has come for a while, or the stream ends.
pub fn read(mut pubsub: PubSub, ended: Arc<AtomicBool>) -> JoinHandle<Vec<Read>> {
    tokio::spawn(async move {
        let mut items = Vec::new();
        loop {
            match tokio::time::timeout(Duration::from_millis(500), pubsub.next()).await {
                Ok(Some(PubSubItem::Message(message))) => {
                    items.push(Read::Number(message.get_payload().unwrap()));
                }
                Ok(Some(PubSubItem::Gap { from, to })) => {
                    items.push(Read::Gap(from.to_string(), to.to_string()));
                }
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return items,
                Err(_) if ended.load(Ordering::Relaxed) => return items,
                Err(_) => {}
            }
        }
    })
}

/// What a comparison of reader and ledger found, beyond that all was well.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The gaps that were read.
    pub gaps: usize,
    /// Numbers that were read.
    pub read: usize,
    /// Numbers that a server took and that were not read: before a gap, the former server's; after it, the new one's.
    pub lost_before: usize,
    /// See `lost_before`.
    pub lost_after: usize,
}

impl Ledger {
    /// Compares what a subscriber read, which began at `first`.
    ///
    /// # Panics
    /// If a number came twice, out of order or from another server than the last gap says, or is missing where no gap
    /// is marked.
    #[must_use]
    pub fn compare(&self, first: &str, items: &[Read]) -> Comparison {
        let mut found = Comparison::default();
        let numbers: BTreeSet<u64> = items.iter().filter_map(Read::number).collect();
        let mut at = first;
        let mut last = None;
        let mut gap_since = true;
        for item in items {
            match item {
                Read::Gap(from, to) => {
                    assert_eq!(from, at, "a gap that does not fit to the last one");
                    at = to;
                    gap_since = true;
                    found.gaps += 1;
                }
                Read::Number(number) => {
                    assert!(last < Some(*number), "{number} came after {last:?}");
                    if let Some(server) = self.taken.get(number) {
                        assert_eq!(server, at, "{number} is of another server than the gap before it says");
                    }
                    let begun = last.map_or(*number, |last| last + 1);
                    let missing =
                        || self.taken.range(begun..*number).filter(|(one, _)| !numbers.contains(one));
                    if !gap_since {
                        assert_eq!(
                            missing().count(),
                            0,
                            "no gap is marked before {number}: {:?}",
                            missing().next()
                        );
                    }
                    let of_the_new = missing().filter(|(_, server)| *server == at).count();
                    found.lost_after += of_the_new;
                    found.lost_before += missing().count() - of_the_new;
                    found.read += 1;
                    last = Some(*number);
                    gap_since = false;
                }
            }
        }
        found
    }
}

impl Read {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Gap(..) => None,
        }
    }
}
