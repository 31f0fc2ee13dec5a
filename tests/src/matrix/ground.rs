//! Servers of two regions, and what lies between them and the clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failover_testkit::proxy::{FaultProxy, ProxyControl};
use failover_testkit::server::{RealCluster, RealServer, SentinelSetup};
use failover_testkit::tls::{Authority, RestApi, RestDatabase};
use futures_util::future::{join_all, try_join_all};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, RedisResult, Value};
use redis_failover::connection::{Address, BoxedStream};
use redis_failover::health::LagAware;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig, Suspicion, Tls};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::Ground;
use super::journal::Place;
use super::work::{KEPT, kept, read_key};
use crate::messages::NAME;
use crate::{NAMES, PATIENCE, durable_builder};

/// So many keys are there besides, of so many bytes: a server is a while at loading them.
const FILLER: u64 = 3000;
const FILLER_BYTES: usize = 100;
/// How many lookups are on their way at a time.
const AT_ONCE: usize = 100;
/// Long enough for a primary that is slow on a busy machine, and short beside what a client waits.
const SENTINELS_PATIENCE: Duration = Duration::from_secs(1);
/// How often the REST API is asked.
const REST_INTERVAL: Duration = Duration::from_millis(200);

/// What serves in the primary's region.
#[derive(Debug)]
enum Home {
    Server(RealServer),
    Cluster(RealCluster),
    Sentinel(SentinelSetup),
}

/// Two regions, with data in them.
#[derive(Debug)]
pub(super) struct Stage {
    ground: Ground,
    home: Home,
    secondary: RealServer,
    networks: Option<[FaultProxy; 2]>,
    authority: Authority,
    api: Option<RestApi>,
    name_leads_nowhere: Arc<AtomicBool>,
}

impl Stage {
    /// Starts all servers, and gives them their data.
    pub(super) async fn set(ground: Ground) -> Self {
        let authority = Authority::new();
        let home = match ground {
            Ground::Cluster => Home::Cluster(RealCluster::start().await.unwrap()),
            Ground::Sentinel => {
                Home::Sentinel(SentinelSetup::builder().down_after(SENTINELS_PATIENCE).start().await.unwrap())
            }
            _ => Home::Server(server(ground, &authority).await),
        };
        let secondary = server(ground, &authority).await;
        let networks = match (&home, ground) {
            (Home::Server(primary), Ground::Proxied) => Some([primary.addr(), secondary.addr()]),
            (Home::Server(primary), Ground::Tls) => {
                Some([primary, &secondary].map(|server| server.tls_addr().unwrap()))
            }
            _ => None,
        };
        let networks = match networks {
            Some([primary, secondary]) => {
                Some([FaultProxy::start(primary).await.unwrap(), FaultProxy::start(secondary).await.unwrap()])
            }
            None => None,
        };
        let api = match (&home, ground) {
            (Home::Server(primary), Ground::Rest) => {
                let api = RestApi::builder(&authority.server(["127.0.0.1"])).start().await.unwrap();
                for (uid, server) in (1..).zip([primary, &secondary]) {
                    api.put(RestDatabase::new(uid).address("127.0.0.1").port(server.port()).lag_ms(0));
                }
                Some(api)
            }
            _ => None,
        };
        let mut stage =
            Self { ground, home, secondary, networks, authority, api, name_leads_nowhere: Arc::default() };
        for place in 0..NAMES.len() {
            stage.fill(place).await;
        }
        stage
    }

    /// The settings of a client of both regions.
    #[must_use]
    pub(super) fn config(&self) -> MultiDbConfig {
        let config = MultiDbConfig::new([
            self.primary_database().name(NAMES[0]).weight(1.0),
            self.secondary_database().name(NAMES[1]).weight(0.5),
        ]);
        match self.ground {
            Ground::Rest => config.lag_aware(
                LagAware::new()
                    .health_check_interval(REST_INTERVAL)
                    .tls(Tls::new().ca_data(self.authority.pem())),
            ),
            _ => config,
        }
    }

    fn primary_database(&self) -> DatabaseConfig {
        let server = match &self.home {
            Home::Server(server) => server,
            Home::Cluster(cluster) => return DatabaseConfig::cluster(cluster.urls()).unwrap(),
            Home::Sentinel(setup) => {
                let database = DatabaseConfig::sentinel(setup.service(), setup.sentinel_urls()).unwrap();
                return database.down_after(Duration::from_secs(15));
            }
        };
        match self.ground {
            Ground::Named => {
                let (port, nowhere) = (server.port(), Arc::clone(&self.name_leads_nowhere));
                let connector = move |_: Address| {
                    let nowhere = nowhere.load(Ordering::SeqCst);
                    async move {
                        let (host, port) =
                            if nowhere { ("database.invalid", 1) } else { ("127.0.0.1", port) };
                        Ok(Box::new(TcpStream::connect((host, port)).await?) as BoxedStream)
                    }
                };
                DatabaseConfig::from_url("redis://database.example").unwrap().connector(connector)
            }
            _ => self.dialled(0, server),
        }
    }

    fn secondary_database(&self) -> DatabaseConfig {
        self.dialled(1, &self.secondary)
    }

    fn dialled(&self, place: Place, server: &RealServer) -> DatabaseConfig {
        let database = |url: &str| DatabaseConfig::from_url(url).unwrap();
        match (&self.networks, &self.api) {
            (Some(networks), _) if self.ground == Ground::Tls => {
                let url = networks[place].url().replacen("redis://", "rediss://", 1);
                database(&url).tls(Tls::new().ca_data(self.authority.pem()))
            }
            (Some(networks), _) => database(&networks[place].url()),
            (None, Some(api)) => database(&server.url()).health_check_url(api.url()),
            (None, None) => database(&server.url()),
        }
    }

    /// The one server of the primary's region.
    #[must_use]
    pub(super) fn primary(&self) -> &RealServer {
        match &self.home {
            Home::Server(server) => server,
            other => panic!("{other:?} is more than one"),
        }
    }

    /// The server of the other region.
    #[must_use]
    pub(super) fn secondary(&self) -> &RealServer {
        &self.secondary
    }

    /// The cluster of the primary's region.
    #[must_use]
    pub(super) fn cluster(&self) -> &RealCluster {
        match &self.home {
            Home::Cluster(cluster) => cluster,
            other => panic!("{other:?} is no cluster"),
        }
    }

    /// Primary, replica and sentinel of the primary's region.
    #[must_use]
    pub(super) fn sentinel(&self) -> &SentinelSetup {
        match &self.home {
            Home::Sentinel(setup) => setup,
            other => panic!("{other:?} has no sentinel"),
        }
    }

    /// Waits until sentinel and servers agree on who is primary and who is replica.
    pub(super) async fn settle(&mut self) {
        if let Home::Sentinel(setup) = &mut self.home {
            setup.settle().await.unwrap();
        }
    }

    /// The network to a region.
    #[must_use]
    pub(super) fn network(&self, place: Place) -> &ProxyControl {
        self.networks.as_ref().unwrap()[place].control()
    }

    /// The API that tells of the lag.
    #[must_use]
    pub(super) fn api(&self) -> &RestApi {
        self.api.as_ref().unwrap()
    }

    /// Ends the API that tells of the lag.
    pub(super) fn end_api(&mut self) {
        self.api = None;
    }

    /// Whether the primary's name leads nowhere from now on.
    pub(super) fn name_leads_nowhere(&self, nowhere: bool) {
        self.name_leads_nowhere.store(nowhere, Ordering::SeqCst);
    }

    /// Clients that know what is in a region: one for each server that may have kept what another one has not.
    pub(super) async fn lookups(&self, place: Place) -> Vec<MultiDbClient> {
        let of = |server: &RealServer| DatabaseConfig::from_url(&server.url()).unwrap();
        let databases = match (place, &self.home) {
            (0, Home::Cluster(_)) => vec![self.primary_database()],
            (0, Home::Server(server)) => vec![of(server)],
            (0, Home::Sentinel(setup)) => vec![of(setup.primary()), of(setup.replica())],
            _ => vec![of(&self.secondary)],
        };
        let mut clients = Vec::new();
        for database in databases {
            let config =
                MultiDbConfig::new([database]).suspicion(Suspicion::off()).response_timeout(PATIENCE);
            // Nobody waits for a second probe: a lookup is made at once.
            let config = config.health_check_probes(1);
            let client = MultiDbClient::new(config).unwrap();
            client.connect(PATIENCE).await.unwrap();
            clients.push(client);
        }
        clients
    }

    /// Lets go whatever would keep a server from telling what it has.
    pub(super) fn bring_back(&self) {
        if let Home::Sentinel(setup) = &self.home {
            // They would make the former primary a replica, and it would forget what only it was given.
            setup.sentinels().iter().for_each(|sentinel| sentinel.kill().unwrap());
            setup.primary().resume().unwrap();
        }
    }

    /// Gives a region its data, for good.
    async fn fill(&mut self, place: Place) {
        let pairs = pairs(place);
        if !matches!((place, &self.home), (0, Home::Sentinel(_))) {
            return self.give(place, &pairs).await.unwrap();
        }
        // A sentinel may leave a primary that is only slow, and with it what it has just been given.
        let giving = async {
            while !self.settle_with(pairs.len()).await {
                // If it has moved meanwhile, that is refused.
                let _ = self.give(place, &pairs).await;
            }
        };
        timeout(PATIENCE * 6, giving).await.unwrap();
    }

    /// Whether both servers that a sentinel watches over have so many keys, when it is settled who is the primary.
    async fn settle_with(&mut self, keys: usize) -> bool {
        self.settle().await;
        for server in [self.sentinel().primary(), self.sentinel().replica()] {
            let has = server.say("DBSIZE").await.unwrap();
            if has.trim() != format!(":{keys}") {
                return false;
            }
        }
        true
    }

    async fn give(&self, place: Place, pairs: &[(String, String)]) -> RedisResult<()> {
        let client = self.lookups(place).await.remove(0);
        for some in pairs.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|(key, value)| {
                let mut client = client.clone();
                async move { client.set::<_, _, ()>(key, value).await }
            }))
            .await?;
        }
        Ok(())
    }
}

/// What a region is given.
fn pairs(place: Place) -> Vec<(String, String)> {
    let mut pairs = vec![(NAME.to_owned(), NAMES[place].to_owned())];
    for number in 0..KEPT {
        pairs.push((read_key(number), kept(place, number)));
        pairs.push((kept(place, number), String::new()));
    }
    pairs.extend((0..FILLER).map(|number| (format!("filler:{number}"), "!".repeat(FILLER_BYTES))));
    pairs
}

/// How often each of these keys was counted up, in this region; `0` for those that are not there.
pub(super) async fn counts(stage: &Stage, place: Place, keys: &[String]) -> Vec<u64> {
    let mut counts = vec![0; keys.len()];
    for client in stage.lookups(place).await {
        for (counts, keys) in counts.chunks_mut(AT_ONCE).zip(keys.chunks(AT_ONCE)) {
            let found = join_all(keys.iter().map(|key| {
                let mut client = client.clone();
                async move { client.get::<_, Option<u64>>(key).await.unwrap() }
            }));
            for (count, found) in counts.iter_mut().zip(found.await) {
                *count = found.unwrap_or(0).max(*count);
            }
        }
    }
    counts
}

/// What is in these lists of this region: of each server that has them, all of them one after the other.
pub(super) async fn listed(stage: &Stage, place: Place, lists: &[&str]) -> Vec<Vec<u64>> {
    let mut servers = Vec::new();
    for mut client in stage.lookups(place).await {
        let mut here = Vec::new();
        for list in lists {
            here.extend(client.lrange::<_, Vec<u64>>(list, 0, -1).await.unwrap());
        }
        servers.push(here);
    }
    servers
}

/// An operator's connection to a server: it waits for as long as it takes.
pub(super) async fn operator(server: &RealServer) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE * 6));
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// Has it do something that it must not refuse.
pub(super) async fn order(operator: &MultiplexedConnection, words: &[&str]) -> Value {
    let mut command = redis::Cmd::new();
    command.arg(words);
    command.query_async(&mut operator.clone()).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

async fn server(ground: Ground, authority: &Authority) -> RealServer {
    let builder =
        durable_builder().args(["--enable-debug-command", "yes", "--enable-protected-configs", "yes"]);
    let builder = match ground {
        Ground::Tls => builder.tls(&authority.server(["127.0.0.1"])),
        Ground::Password => builder.password("before"),
        _ => builder,
    };
    builder.start().await.unwrap()
}
