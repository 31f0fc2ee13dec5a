//! Databases that refuse us as we are configured, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failover_testkit::embedded::{Control, EmbeddedRedis};
use futures_util::{FutureExt, StreamExt};
use redis::AsyncCommands;
use redis_failover::connection::{Address, BoxedStream, Credentials};
use redis_failover::{DatabaseConfig, Error, Event, EventStream, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, sleep};
use tower_failover::availability::Evidence;
use tower_failover::{Chance, Verdict};

const LIMIT: Duration = Duration::from_secs(60);

/// What a region's credentials function does.
#[derive(Debug, Clone, Copy)]
enum Gives {
    Password(&'static str),
    Error,
    Panic,
    Nothing,
}

/// An embedded server behind a connector that counts the dials.
#[derive(Clone)]
struct Region {
    name: &'static str,
    server: Control,
    gives: Arc<Mutex<Gives>>,
    asked: Arc<Mutex<Vec<Instant>>>,
    dialled: Arc<Mutex<Vec<Instant>>>,
}

impl Region {
    fn new(name: &'static str, gives: Gives) -> Self {
        Self {
            name,
            server: EmbeddedRedis::builder().password("right").detached(),
            gives: Arc::new(Mutex::new(gives)),
            asked: Arc::default(),
            dialled: Arc::default(),
        }
    }

    fn config(&self, weight: f64) -> DatabaseConfig {
        let (server, dialled) = (self.server.clone(), Arc::clone(&self.dialled));
        let connect = move |_: Address| {
            dialled.lock().unwrap().push(Instant::now());
            let (ours, theirs) = tokio::io::duplex(4096);
            let server = server.clone();
            tokio::spawn(async move { server.serve(theirs).await });
            async { Ok(Box::new(ours) as BoxedStream) }
        };
        let (gives, asked) = (Arc::clone(&self.gives), Arc::clone(&self.asked));
        let credentials = move || {
            asked.lock().unwrap().push(Instant::now());
            let gives = *gives.lock().unwrap();
            async move {
                match gives {
                    Gives::Password(password) => Ok(Credentials::password(password)),
                    Gives::Error => Err("the vault is sealed".into()),
                    Gives::Panic => panic!("hunter2"),
                    Gives::Nothing => std::future::pending().await,
                }
            }
        };
        DatabaseConfig::from_url(&format!("redis://{}", self.name))
            .unwrap()
            .name(self.name)
            .weight(weight)
            .connector(connect)
            .credentials(credentials)
    }

    fn gives(&self, gives: Gives) {
        *self.gives.lock().unwrap() = gives;
    }

    fn dialled(&self) -> Vec<Instant> {
        self.dialled.lock().unwrap().clone()
    }

    fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }
}

fn config(primary: &Region, secondary: &Region) -> MultiDbConfig {
    MultiDbConfig::new([primary.config(1.0), secondary.config(0.5)]).chance(Chance::seeded(5))
}

fn active(client: &MultiDbClient) -> Option<String> {
    Some(client.snapshot()?.active?.to_string())
}

fn told(events: &mut EventStream) -> Vec<Event> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

fn misconfigured(events: &[Event]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| match event {
        Event::Misconfigured { member, .. } => Some(&**member),
        _ => None,
    });
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn b14_refused_dials_are_paced_and_the_new_password_is_taken_without_a_restart() {
    let primary = Region::new("primary", Gives::Password("wrong"));
    let secondary = Region::new("secondary", Gives::Password("right"));
    let config = config(&primary, &secondary)
        .auto_fallback_interval(Some(Duration::from_secs(10)))
        .grace_period(Duration::from_secs(10));
    let begun = Instant::now();
    let mut client = MultiDbClient::new(config).unwrap();
    let mut events = client.events();
    while begun.elapsed() < Duration::from_secs(100) {
        client.set::<_, _, ()>("key", 1).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    let told = told(&mut events);
    assert_eq!(misconfigured(&told), ["primary"], "once");
    assert!(!told.contains(&Event::OutageBegan), "{told:?}");

    let dialled = primary.dialled();
    // Commands and health check begin side by side. A check comes by at least every 5 s and a bit.
    let gaps: Vec<_> = dialled[1..].windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert!(gaps.len() >= 5, "{gaps:?}");
    for (gap, least) in gaps.iter().zip([1, 2, 4, 8, 16, 30, 30]) {
        assert!((least..=least + 6).contains(gap), "{gaps:?}");
    }
    assert_eq!(primary.asked(), dialled, "credentials are asked for before every dial");

    primary.gives(Gives::Password("right"));
    // The pace, the grace, the fallback.
    sleep(Duration::from_secs(36 + 10 + 12 + 5)).await;
    assert_eq!(active(&client).as_deref(), Some("primary"));
    client.set::<_, _, ()>("key", 2).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn b14_a_credentials_function_that_fails_panics_or_hangs_harms_nobody() {
    for gives in [Gives::Error, Gives::Panic, Gives::Nothing] {
        let primary = Region::new("primary", gives);
        let secondary = Region::new("secondary", Gives::Password("right"));
        let client = MultiDbClient::new(config(&primary, &secondary)).unwrap();
        let error = client.connect(LIMIT).await.unwrap_err();
        assert!(
            matches!(&error, Error::Misconfigured { database, .. } if &**database == "primary"),
            "{error}"
        );
        assert!(!format!("{error:?} {error} {client:?}").contains("hunter2"));
        sleep(Duration::from_secs(30)).await;
        assert_eq!(active(&client).as_deref(), Some("secondary"), "{gives:?}");
        assert_eq!(primary.dialled().len(), 0);
        assert!(primary.asked().len() < 10, "{gives:?}: {}", primary.asked().len());
    }
}

#[tokio::test(start_paused = true)]
async fn b14_without_credentials_for_new_dials_established_connections_go_on() {
    let primary = Region::new("primary", Gives::Password("right"));
    let secondary = Region::new("secondary", Gives::Password("right"));
    let mut client = MultiDbClient::new(config(&primary, &secondary)).unwrap();
    client.connect(LIMIT).await.unwrap();
    let mut events = client.events();
    let mut killed = 1;
    for (gives, seconds) in [(Gives::Nothing, 100), (Gives::Error, 100), (Gives::Password("wrong"), 100)] {
        primary.gives(gives);
        // All connections but the calls' own.
        let mut kill = redis::cmd("CLIENT");
        kill.arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert_eq!(kill.query_async::<u32>(&mut client).await.unwrap(), killed, "{gives:?}");
        killed = 0;
        // No call vouches for the database.
        sleep(Duration::from_secs(50)).await;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) {
            client.set::<_, _, ()>("key", 1).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    }
    let told = told(&mut events);
    assert_eq!(misconfigured(&told), ["primary"; 3], "for each reason: {told:?}");
    let snapshot = client.snapshot().unwrap();
    assert_eq!(snapshot.switches.len(), 1, "the first choice alone: {snapshot:?}");
}

#[tokio::test(start_paused = true)]
async fn b41_connect_names_the_misconfigured_database_and_tolerates_it_only_if_told_to() {
    let primary = Region::new("primary", Gives::Password("right"));
    let secondary = Region::new("secondary", Gives::Password("hunter2"));
    let client = MultiDbClient::new(config(&primary, &secondary)).unwrap();
    let error = client.connect(LIMIT).await.unwrap_err();
    assert!(matches!(&error, Error::Misconfigured { database, .. } if &**database == "secondary"), "{error}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));

    // It is waited for, though the policy is met without it.
    secondary.gives(Gives::Nothing);
    let client = MultiDbClient::new(config(&primary, &secondary).health_check_probes(1)).unwrap();
    let connected = client.connect(LIMIT).await;
    assert!(matches!(connected, Err(Error::Misconfigured { .. })), "{connected:?}");

    let tolerant = config(&primary, &secondary).tolerate_misconfigured(true);
    let client = MultiDbClient::new(tolerant).unwrap();
    client.connect(LIMIT).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));
}

#[tokio::test(start_paused = true)]
async fn b41_an_unreachable_database_is_tolerated() {
    let primary = Region::new("primary", Gives::Password("right"));
    let secondary = Region::new("secondary", Gives::Password("right"));
    for silent in [true, false] {
        if silent {
            secondary.server.freeze();
        } else {
            secondary.server.kill();
        }
        let client = MultiDbClient::new(config(&primary, &secondary)).unwrap();
        client.connect(LIMIT).await.unwrap();
        assert_eq!(active(&client).as_deref(), Some("primary"));
    }
}

#[tokio::test(start_paused = true)]
async fn b14_without_health_checks_a_refused_database_is_left_too() {
    let primary = Region::new("primary", Gives::Password("wrong"));
    let secondary = Region::new("secondary", Gives::Password("right"));
    let databases = [primary.config(1.0), secondary.config(0.5)].map(|one| one.health_checks([]));
    let mut client = MultiDbClient::new(MultiDbConfig::new(databases)).unwrap();
    let mut events = client.events();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("secondary"));
    assert_eq!(misconfigured(&told(&mut events)), ["primary"]);

    primary.gives(Gives::Password("right"));
    sleep(Duration::from_secs(10)).await;
    let view = client.snapshot().unwrap().member("primary").unwrap().view.clone();
    assert_eq!((view.verdict, view.evidence), (Verdict::Unknown, None::<Evidence>));
}

#[tokio::test(start_paused = true)]
async fn b14_an_untrusted_certificate_is_a_misconfiguration_too() {
    let secondary = Region::new("secondary", Gives::Password("right"));
    let untrusted = |_: Address| async {
        // As rustls has it.
        let said = "invalid peer certificate: UnknownIssuer";
        Err::<BoxedStream, _>(io::Error::new(io::ErrorKind::InvalidData, said))
    };
    let primary = DatabaseConfig::from_url("redis://primary").unwrap().name("primary").connector(untrusted);
    let client = MultiDbClient::new(MultiDbConfig::new([primary, secondary.config(0.5)])).unwrap();
    let error = client.connect(LIMIT).await.unwrap_err();
    assert!(matches!(&error, Error::Misconfigured { database, .. } if &**database == "primary"), "{error}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
}
