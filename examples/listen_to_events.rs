//! What the client tells while a database dies and comes back.
//!
//! `cargo run --example listen_to_events` needs no server: it starts two of its own, real ones where there are any.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis_failover::{DatabaseConfig, Event, EventStream, Events, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, sleep, timeout};

type BoxError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (primary, secondary) = (AnyServer::start().await?, AnyServer::start().await?);
    println!("two databases: {}", primary.describe());

    // Subscribed before the client is built, so that the events of the start are seen too.
    let events = Events::default();
    let mut listener = Listener { began: Instant::now(), stream: events.subscribe() };

    // Waits shorter than in earnest (120 s and 60 s), for a demonstration must not take minutes.
    let config = MultiDbConfig::new([
        DatabaseConfig::from_url(&primary.url())?.name("primary").weight(1.0),
        DatabaseConfig::from_url(&secondary.url())?.name("secondary").weight(0.5),
    ])
    .auto_fallback_interval(Some(Duration::from_secs(1)))
    .grace_period(Duration::from_secs(2))
    .events(events);
    let client = MultiDbClient::new(config)?;

    listener.note("the client starts");
    let (connected, heard) =
        tokio::join!(client.connect(Duration::from_secs(10)), listener.print_until_active("primary"));
    connected?;
    heard?;
    sleep(Duration::from_millis(500)).await;

    // Nobody sends a command here: a switch needs no traffic.
    listener.note("the primary is killed");
    primary.kill()?;
    listener.print_until_active("secondary").await?;

    listener.note("the primary is started again");
    primary.restart().await?;
    listener.print_until_active("primary").await?;

    // Events tell what changed; a snapshot tells how it is now, and what the last switches were.
    if let Some(snapshot) = client.snapshot() {
        println!("\nthe snapshot now:");
        for member in &snapshot.members {
            let (verdict, circuit) = (member.view.verdict, member.view.circuit.state);
            println!("  {}: weight {}, {verdict:?}, circuit {circuit:?}", member.name, member.weight.get());
        }
        for switch in &snapshot.switches {
            let from = switch.from.as_deref().unwrap_or("none");
            println!("  switch: {from} -> {} ({:?})", switch.to, switch.reason);
        }
    }
    client.close(Duration::from_secs(1)).await;
    Ok(())
}

/// Prints events with the time at which they were heard.
struct Listener {
    began: Instant,
    stream: EventStream,
}

impl Listener {
    /// Prints what happens until this database serves.
    async fn print_until_active(&mut self, name: &str) -> Result<(), BoxError> {
        let heard = timeout(Duration::from_secs(15), async {
            while let Some(event) = self.stream.next().await {
                self.print(&event);
                if matches!(&event, Event::ActiveChanged { to, .. } if **to == *name) {
                    return;
                }
            }
        });
        heard.await.map_err(|_| format!("the {name} did not become active within 15 s").into())
    }

    fn print(&self, event: &Event) {
        let line = match event {
            Event::ActiveChanged { from, to, reason, .. } => {
                format!("active database: {} -> {to} ({reason:?})", from.as_deref().unwrap_or("none"))
            }
            Event::VerdictChanged { member, to, evidence, .. } => {
                let evidence = evidence.as_ref().map(|evidence| format!(" ({evidence})")).unwrap_or_default();
                format!("health of the {member}: {to:?}{evidence}")
            }
            Event::CircuitChanged { member, from, to, .. } => {
                format!("circuit of the {member}: {from:?} -> {to:?}")
            }
            Event::MemberAdded { member } => format!("the {member} is known"),
            Event::CallsFailed { member, count } => format!("{count} calls failed on the {member}"),
            Event::Lagged(missed) => format!("this listener was too slow and missed {missed} events"),
            // Outages, misconfiguration and others: each has fields of its own.
            other => format!("{other:?}"),
        };
        println!("{:7.3} s    {line}", self.began.elapsed().as_secs_f64());
    }

    fn note(&self, what: &str) {
        println!("{:7.3} s  {what}", self.began.elapsed().as_secs_f64());
    }
}
