//! A publisher and a subscriber, two servers, and what befalls them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{MultiDbClient, PubSubSettings};
use tokio::time::{Instant, sleep};

use super::{CHANNEL, Comparison, Ledger, NAME, PUBLISHED, Publisher, read};
use crate::{
    Fault, NAMES, PATIENCE, becomes_active, clients_of, config, durable, plain, quick, suffer, until,
};

/// Whether publisher and subscriber are clones of one client, or two that move at their own times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// Clones of one client.
    One,
    /// A client each.
    Two,
}

/// Two servers that know their names, a client that publishes and one that listens.
#[derive(Debug)]
pub struct Story {
    servers: [AnyServer; 2],
    publisher: MultiDbClient,
    subscriber: MultiDbClient,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    /// How often the active database was left.
    pub switches: usize,
    /// What the reader read, compared with what was published.
    pub found: Comparison,
    /// The numbers that a server took.
    pub published: usize,
    /// The numbers that got no answer.
    pub unanswered: u64,
    /// How long it was published.
    pub took: Duration,
}

impl Outcome {
    /// How many messages a server took in each second, those included in which none did.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.published as f64 / self.took.as_secs_f64()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { switches, found, published, unanswered, .. } = self;
        let rate = self.rate();
        write!(
            f,
            "{switches} switches, {published} published at {rate:.0}/s, {unanswered} without an answer; {found}"
        )
    }
}

impl Story {
    /// Everybody is at the primary.
    pub async fn begin(clients: Clients) -> Self {
        let servers = [server().await, server().await];
        let config = quick(config(&servers[0].url(), &servers[1].url()));
        let subscriber = MultiDbClient::new(config.clone()).unwrap();
        let publisher = match clients {
            Clients::One => subscriber.clone(),
            Clients::Two => MultiDbClient::new(config).unwrap(),
        };
        let story = Self { servers, publisher, subscriber };
        for index in 0..2 {
            story.name(index).await;
        }
        for client in story.clients() {
            client.connect(PATIENCE).await.unwrap();
            becomes_active(client, "primary").await;
        }
        story
    }

    /// Goes through these faults while numbers are published and read.
    pub async fn run(faults: &[Fault], clients: Clients, warm: bool) -> Outcome {
        let story = Self::begin(clients).await;
        let settings = PubSubSettings::new().warm(warm);
        let mut pubsub = story.subscriber.pubsub_with(settings).await.unwrap();
        pubsub.subscribe(CHANNEL).await.unwrap();
        let elsewhere = usize::from(warm);
        subscribers(&story.servers[1], elsewhere).await;

        let ended = Arc::new(AtomicBool::new(false));
        let reading = read(pubsub, Arc::clone(&ended));
        let began = Instant::now();
        let publisher = Publisher::start(&story.publisher);
        sleep(Duration::from_millis(200)).await;
        for fault in faults {
            story.suffer(*fault, elsewhere).await;
            sleep(Duration::from_millis(100)).await;
        }
        let mut ledger = publisher.end().await;
        let took = began.elapsed();
        ended.store(true, Ordering::Relaxed);
        let items = reading.await.unwrap();
        story.complete(&mut ledger).await;
        let found = ledger.compare("primary", &items);
        let published = ledger.taken.len();
        Outcome { switches: faults.len(), found, published, unanswered: ledger.unanswered, took }
    }

    fn clients(&self) -> [&MultiDbClient; 2] {
        [&self.publisher, &self.subscriber]
    }

    /// Tells a server its name.
    async fn name(&self, index: usize) {
        plain(&self.servers[index].url()).await.set::<_, _, ()>(NAME, NAMES[index]).await.unwrap();
    }

    /// The active database is lost, or left; everybody goes to the other, and it comes back.
    async fn suffer(&self, fault: Fault, subscribed: usize) {
        let left = suffer(&self.clients(), &self.servers, fault).await;
        self.name(left).await;
        subscribers(&self.servers[left], subscribed).await;
    }

    /// Adds what only the servers know: the numbers that they took without the publisher's being told.
    async fn complete(&self, ledger: &mut Ledger) {
        for (server, name) in self.servers.iter().zip(NAMES) {
            let listed: Vec<u64> = plain(&server.url()).await.lrange(PUBLISHED, 0, -1).await.unwrap();
            for number in listed {
                let told = ledger.taken.insert(number, name.to_owned());
                assert!(told.is_none_or(|told| told == name), "{number} was published twice");
            }
        }
    }
}

/// A real server where there is one.
async fn server() -> AnyServer {
    match durable().await {
        Some(server) => AnyServer::Real(server),
        None => AnyServer::start().await.unwrap(),
    }
}

/// Waits until so many are subscribed.
pub async fn subscribers(server: &AnyServer, count: usize) {
    let server = plain(&server.url()).await;
    let subscribed = async || {
        let listed = clients_of(&mut server.clone()).await;
        listed.lines().filter(|line| !line.contains(" sub=0")).count() == count
    };
    until("subscribers", subscribed).await;
}
