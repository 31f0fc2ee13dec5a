//! A subscriber goes on when its database dies, hangs, or is changed by hand.
//!
//! `cargo run --example pubsub -- --fault kill` (or `stop`, or `choose`) needs no server: it starts two of its own, real
//! ones where there are any. One client publishes a number each millisecond, another is subscribed, as if they were in
//! two processes. `--warm` subscribes at both databases, `--fast` suspects a silent one sooner.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::{
    DatabaseConfig, MultiDbClient, MultiDbConfig, PubSub, PubSubItem, PubSubSettings, Suspicion,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const CHANNEL: &str = "numbers";
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to the primary.
#[derive(Clone, Copy)]
enum Fault {
    Kill,
    Stop,
    Choose,
}

struct Arguments {
    fault: Fault,
    warm: bool,
    suspicion: Suspicion,
}

#[tokio::main]
async fn main() -> ExitCode {
    let run = async { tell(&arguments()?).await };
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tell(arguments: &Arguments) -> Result<(), BoxError> {
    let (primary, secondary) = (AnyServer::start().await?, AnyServer::start().await?);
    println!("two databases: {}", primary.describe());
    let config = MultiDbConfig::new([
        DatabaseConfig::from_url(&primary.url())?.name("primary").weight(1.0),
        DatabaseConfig::from_url(&secondary.url())?.name("secondary").weight(0.5),
    ])
    .suspicion(arguments.suspicion);
    let publisher = MultiDbClient::new(config.clone())?;
    let client = MultiDbClient::new(config)?;
    publisher.connect(PATIENCE).await?;
    client.connect(PATIENCE).await?;

    let mut pubsub = client.pubsub_with(PubSubSettings::new().warm(arguments.warm)).await?;
    pubsub.subscribe(CHANNEL).await?;
    let ended = Arc::new(AtomicBool::new(false));
    let publishing = publish(publisher.clone(), Arc::clone(&ended));
    let mut reader = Reader { began: Instant::now(), read: Vec::new(), pubsub };
    reader.note("subscribed; a number is published each millisecond");
    reader.read_for(Duration::from_millis(500)).await?;

    let broken = Instant::now();
    match arguments.fault {
        Fault::Kill => {
            primary.kill()?;
            reader.note("the primary is killed");
        }
        Fault::Stop => {
            primary.freeze()?;
            reader.note("the primary is stopped");
        }
        Fault::Choose => {
            reader.note("the secondary is chosen");
            for one in [&publisher, &client] {
                one.handle().ok_or("not connected")?.set_active("secondary", None).await?;
            }
        }
    }
    let (marked, went_on) = reader.read_past_gap().await?;
    let (marked, went_on) = (millis(marked - broken), millis(went_on - broken));
    println!("the gap was marked after {marked:.1} ms, the first message came after {went_on:.1} ms");
    reader.read_for(Duration::from_millis(500)).await?;

    ended.store(true, Ordering::Relaxed);
    let published = publishing.await?;
    reader.read_for(Duration::from_millis(100)).await?;
    let missed = published.iter().filter(|number| reader.read.binary_search(number).is_err()).count();
    println!("{} numbers were published, {} were read, {missed} missed", published.len(), reader.read.len());
    primary.thaw().ok();
    client.close(Duration::from_secs(1)).await;
    publisher.close(Duration::from_secs(1)).await;
    Ok(())
}

/// Publishes numbers until it is told to stop, and tells which ones were taken by a database.
fn publish(mut client: MultiDbClient, ended: Arc<AtomicBool>) -> JoinHandle<Vec<u64>> {
    tokio::spawn(async move {
        let mut ticks = interval(Duration::from_millis(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut taken = Vec::new();
        for number in 0.. {
            if ended.load(Ordering::Relaxed) {
                break;
            }
            if client.publish::<_, _, u64>(CHANNEL, number).await.is_ok() {
                taken.push(number);
            }
            ticks.tick().await;
        }
        taken
    })
}

struct Reader {
    began: Instant,
    read: Vec<u64>,
    pubsub: PubSub,
}

impl Reader {
    /// Reads on, and prints what is not a message.
    async fn read_for(&mut self, time: Duration) -> Result<(), BoxError> {
        let end = sleep(time);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Ok(()),
                item = self.pubsub.next() => { self.take(item)?; }
            }
        }
    }

    /// Reads until the first message after a gap, and tells when both came.
    async fn read_past_gap(&mut self) -> Result<(Instant, Instant), BoxError> {
        let reading = async {
            let mut marked = None;
            loop {
                let item = self.pubsub.next().await;
                let now = Instant::now();
                match (&item, marked) {
                    (Some(PubSubItem::Gap { .. }), _) => marked = Some(now),
                    (Some(PubSubItem::Message(_)), Some(marked)) => {
                        self.take(item)?;
                        return Ok((marked, now));
                    }
                    _ => {}
                }
                self.take(item)?;
            }
        };
        timeout(PATIENCE, reading).await?
    }

    fn take(&mut self, item: Option<PubSubItem>) -> Result<(), BoxError> {
        match item.ok_or("the subscriber has ended")? {
            PubSubItem::Message(message) => self.read.push(message.get_payload()?),
            PubSubItem::Gap { from, to } => self.note(&format!("gap: {from} -> {to}")),
            PubSubItem::Lagged(missed) => self.note(&format!("too slow: {missed} messages dropped")),
            _ => {}
        }
        Ok(())
    }

    fn note(&self, what: &str) {
        println!("{:7.3} s  {what}", self.began.elapsed().as_secs_f64());
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn arguments() -> Result<Arguments, BoxError> {
    use lexopt::prelude::*;

    let mut arguments = Arguments { fault: Fault::Kill, warm: false, suspicion: Suspicion::default() };
    let mut given = lexopt::Parser::from_env();
    while let Some(argument) = given.next()? {
        match argument {
            Long("fault") => {
                arguments.fault = match given.value()?.string()?.as_str() {
                    "kill" => Fault::Kill,
                    "stop" => Fault::Stop,
                    "choose" => Fault::Choose,
                    other => return Err(format!("--fault is kill, stop or choose, not {other}").into()),
                }
            }
            Long("warm") => arguments.warm = true,
            Long("fast") => arguments.suspicion = Suspicion::fast(),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(arguments)
}
