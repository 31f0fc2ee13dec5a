//! Passwords, a key and values are planted, a client lives through outages and refusals, and nothing that it says
//! anywhere shows one: no log, event, error, snapshot, metric or `Debug`.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{
    error::Error,
    fmt::{Debug, Display, Write as _},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use failover_testkit::{
    embedded::EmbeddedRedis,
    recorded::Recorded,
    tls::{Answer, Authority, Identity, RestApi, RestDatabase},
};
use futures_util::{FutureExt, StreamExt};
use redis::AsyncCommands;
use redis_failover::{
    DatabaseConfig, MultiDbClient, MultiDbConfig, Tls,
    health::{HealthCheck, LagAware},
    metrics::Metrics,
};
use tests::{PATIENCE, becomes_active, eventually, quick};
use tokio::time::timeout;
use tower_failover::Verdict;
use tracing_subscriber::{filter::LevelFilter, util::SubscriberInitExt};

/// In the URL of the database that serves, and in that of the one that takes over.
const PASSWORD: &str = "planted-password";
/// Refused by the database that it is for.
const WRONG: &str = "planted-wrong-password";
/// For the API that tells of lag.
const OF_THE_API: &str = "planted-password-of-the-api";
/// For sentinels that are not there.
const OF_THE_SENTINEL: &str = "planted-password-of-the-sentinel";
/// Opens the key of a client certificate.
const OF_THE_KEY: &str = "planted-password-of-the-key";
/// What the application writes, publishes and is refused.
const OF_THE_APPLICATION: &str = "planted-by-the-application";

/// All that was said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn show(&self, what: &(impl Debug + ?Sized)) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0.lock().unwrap(), "{what:?}\n{what:#?}");
    }

    fn tell(&self, what: impl Display) {
        let _ = writeln!(self.0.lock().unwrap(), "{what}");
    }

    /// An error with all that led to it.
    fn error(&self, error: &(dyn Error + 'static)) {
        self.show(error);
        let mut next = Some(error);
        while let Some(error) = next {
            self.tell(error);
            next = error.source();
        }
    }
}

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tell(String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An address that nobody listens at.
fn nowhere() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn at(url: &str, name: &str, weight: f64, api: &RestApi) -> DatabaseConfig {
    DatabaseConfig::from_url(url).unwrap().name(name).weight(weight).health_check_url(api.url())
}

/// The servers, the API that tells of their lag, and who is trusted with what.
struct World {
    primary: EmbeddedRedis,
    secondary: EmbeddedRedis,
    api: RestApi,
    authority: Authority,
    identity: Identity,
}

impl World {
    async fn start() -> Self {
        let authority = Authority::new();
        let server = || EmbeddedRedis::builder().password(PASSWORD).start();
        let api = RestApi::builder(&authority.server(["127.0.0.1"])).auth_basic("admin", OF_THE_API);
        let world = Self {
            primary: server().await.unwrap(),
            secondary: server().await.unwrap(),
            api: api.start().await.unwrap(),
            identity: authority.client("shop"),
            authority,
        };
        for (uid, server) in [(1, &world.primary), (2, &world.secondary)] {
            let database = RestDatabase::new(uid).address("127.0.0.1").port(server.addr().port());
            world.api.put(database.lag_ms(0));
        }
        world
    }

    /// Two databases that serve, one that refuses its password, and two that are not there.
    fn config(&self) -> MultiDbConfig {
        let tls = Tls::new()
            .ca_data(self.authority.pem())
            .client_cert_data(self.identity.certificate_pem())
            .client_key_data(self.identity.encrypted_key_pem(OF_THE_KEY))
            .client_key_password(OF_THE_KEY);
        let wrong = format!("redis://:{WRONG}@localhost:{}", self.secondary.addr().port());
        let secure = format!("rediss://:{PASSWORD}@{}", nowhere());
        let sentinels = [format!("redis://:{OF_THE_SENTINEL}@{}", nowhere())];
        let sentinel = DatabaseConfig::sentinel("mymaster", sentinels).unwrap();
        let lag_aware = LagAware::new().auth_basic("admin", OF_THE_API);
        let lag_aware = lag_aware.tls(Tls::new().ca_data(self.authority.pem()));
        quick(MultiDbConfig::new([
            at(&self.primary.url(), "primary", 1.0, &self.api),
            at(&self.secondary.url(), "secondary", 0.5, &self.api),
            at(&wrong, "misconfigured", 0.3, &self.api),
            at(&secure, "secure", 0.2, &self.api).tls(tls),
            sentinel.name("sentinel").weight(0.1).health_checks([HealthCheck::ping()]),
        ]))
        .lag_aware(lag_aware.health_check_interval(Duration::from_millis(100)))
        .tolerate_misconfigured(true)
    }

    /// What the application does while all is well, and what it does wrong.
    async fn serves(&self, client: &mut MultiDbClient, said: &Said) {
        client.set::<_, _, ()>("key", OF_THE_APPLICATION).await.unwrap();
        for (name, key) in [("AUTH", OF_THE_APPLICATION), ("INCR", "key")] {
            let refused = redis::cmd(name).arg(key).query_async::<()>(client).await;
            said.error(&refused.unwrap_err());
        }
        let mut subscriber = client.pubsub().await.unwrap();
        subscriber.subscribe("news").await.unwrap();
        client.publish::<_, _, ()>("news", OF_THE_APPLICATION).await.unwrap();
        said.show(&subscriber);
    }

    /// First one is lost, and then the other.
    async fn ends(&self, client: &mut MultiDbClient, said: &Said) {
        self.primary.control().kill();
        becomes_active(client, "secondary").await;
        self.secondary.control().kill();
        let lost = async {
            loop {
                if let Err(error) = client.set::<_, _, ()>("key", OF_THE_APPLICATION).await {
                    said.error(&error);
                    said.error(redis_failover::Error::of(&error).unwrap());
                    return;
                }
            }
        };
        timeout(PATIENCE, lost).await.unwrap();
    }
}

#[tokio::test]
async fn b53_nothing_that_is_said_anywhere_shows_a_secret() {
    let said = Said::default();
    let writer = said.clone();
    let logs = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
    let _logged = logs.with_writer(move || writer.clone()).finish().set_default();
    let world = World::start().await;
    let recorded = Recorded::default();
    let config = world.config().metrics(Metrics::by(Arc::new(recorded.clone())));
    said.show(&config);

    let mut client = MultiDbClient::new(config).unwrap();
    let mut events = client.events();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    for name in ["misconfigured", "secure", "sentinel"] {
        eventually(&client, name, |snapshot| snapshot.member(name).unwrap().last_error.is_some()).await;
    }
    world.serves(&mut client, &said).await;
    world.api.answer("/availability", Answer::Status(401));
    eventually(&client, "the API refuses", |snapshot| {
        snapshot.member("primary").unwrap().view.verdict == Verdict::Unknown
    })
    .await;
    said.show(&client.snapshot());
    world.api.tell_the_truth();
    world.ends(&mut client, &said).await;
    said.show(&client);
    let snapshot = client.snapshot().unwrap();
    said.show(&snapshot);
    said.tell(serde_json::to_string(&snapshot).unwrap());
    client.close(PATIENCE).await;
    while let Some(Some(event)) = events.next().now_or_never() {
        said.show(&event);
    }
    recorded.series().iter().for_each(|series| said.show(series));

    let said = said.0.lock().unwrap();
    let words = [
        "misconfigured",
        "secure",
        "sentinel",
        "401",
        "password is wrong",
        "ActiveChanged",
        "redis_failover",
    ];
    for word in words {
        assert!(said.contains(word), "{word} should have been said");
    }
    let key = world.identity.key_pem();
    let key = key.lines().nth(1).unwrap();
    for secret in [PASSWORD, WRONG, OF_THE_API, OF_THE_SENTINEL, OF_THE_KEY, OF_THE_APPLICATION, key] {
        let shown: Vec<_> = said.lines().filter(|line| line.contains(secret)).collect();
        assert!(shown.is_empty(), "{secret} is shown:\n{shown:#?}");
    }
}
