//! The two databases, and what can be done to the primary.

use std::io;

use failover_testkit::embedded::{Data, EmbeddedRedis};
use failover_testkit::proxy::FaultProxy;
use failover_testkit::server::{AnyServer, RealServer};
use redis::aio::MultiplexedConnection;
use redis::{ConnectionAddr, ConnectionInfo, InfoDict, IntoConnectionInfo, RedisResult};
use redis_failover::DatabaseConfig;
use tokio::net::lookup_host;

use crate::BoxError;
use crate::arguments::{Arguments, Fault};

/// What a killed server wrote to its append-only file before it replied outlives its process, so the INCRs that it
/// acknowledged are still there when it is back, and can be compared with the ledger. (`appendfsync` guards against
/// the end of the machine, which is not what happens here.)
const PERSISTENT: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "no"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Primary,
    Secondary,
}

impl Region {
    pub(crate) const BOTH: [Self; 2] = [Self::Primary, Self::Secondary];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|region| region.name() == name)
    }
}

pub(crate) struct Databases {
    /// How to reach primary and secondary without a fault between.
    direct: [ConnectionInfo; 2],
    /// Those that were started here.
    servers: Option<[AnyServer; 2]>,
    /// Before the primary, where the network is what breaks.
    proxy: Option<FaultProxy>,
    description: String,
}

impl Databases {
    pub(crate) async fn start(arguments: &Arguments) -> Result<Self, BoxError> {
        let (servers, urls, description) = match &arguments.redis {
            Some(urls) => (None, urls.clone(), None),
            None => {
                let servers = [start_server().await?, start_server().await?];
                let urls = servers.each_ref().map(AnyServer::url);
                let description = servers[0].describe();
                (Some(servers), urls, Some(description))
            }
        };
        let [primary, secondary] = urls;
        let direct = [info(primary)?, info(secondary)?];
        let description = match description {
            Some(description) => description,
            None => format!("{}, given by URL", version(&direct[0]).await?),
        };
        let proxy = match arguments.fault {
            Fault::BlackHole => Some(proxy_before(&direct[0]).await?),
            _ => None,
        };
        Ok(Self { direct, servers, proxy, description })
    }

    /// Which servers these are.
    pub(crate) fn describe(&self) -> &str {
        &self.description
    }

    /// Primary and secondary as the client is to know them.
    pub(crate) fn configs(&self) -> [DatabaseConfig; 2] {
        let [mut primary, secondary] = self.direct.clone();
        if let Some(proxy) = &self.proxy {
            let addr = proxy.addr();
            primary = primary.set_addr(ConnectionAddr::Tcp(addr.ip().to_string(), addr.port()));
        }
        [
            DatabaseConfig::new(primary).name(Region::Primary.name()).weight(1.0),
            DatabaseConfig::new(secondary).name(Region::Secondary.name()).weight(0.5),
        ]
    }

    /// A connection to one of them without a fault between.
    pub(crate) async fn connect(&self, region: Region) -> Result<MultiplexedConnection, BoxError> {
        let [primary, secondary] = &self.direct;
        let info = match region {
            Region::Primary => primary,
            Region::Secondary => secondary,
        };
        connect(info).await.map_err(|error| format!("the {}: {error}", region.name()).into())
    }

    /// Returns when the primary has just been broken.
    pub(crate) fn break_primary(&self, fault: Fault) -> io::Result<()> {
        match (fault, &self.servers, &self.proxy) {
            (Fault::Kill, Some([primary, _]), _) => primary.kill(),
            (Fault::Stop, Some([primary, _]), _) => primary.freeze(),
            (_, _, Some(proxy)) => {
                proxy.control().black_hole();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Returns when the primary works again, with the data it had.
    pub(crate) async fn heal_primary(&self, fault: Fault) -> io::Result<()> {
        match (fault, &self.servers, &self.proxy) {
            (Fault::Kill, Some([AnyServer::Embedded(primary), _]), _) => {
                primary.control().restart(Data::Kept)
            }
            (Fault::Kill, Some([primary, _]), _) => primary.restart().await,
            (Fault::Stop, Some([primary, _]), _) => primary.thaw(),
            (_, _, Some(proxy)) => proxy.control().heal(),
            _ => Ok(()),
        }
    }
}

async fn start_server() -> io::Result<AnyServer> {
    match RealServer::find() {
        Some(binary) => {
            RealServer::builder().binary(binary).args(PERSISTENT).start().await.map(AnyServer::Real)
        }
        None => EmbeddedRedis::start().await.map(AnyServer::Embedded),
    }
}

async fn connect(database: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    redis::Client::open(database.clone())?.get_multiplexed_async_connection().await
}

/// Which kind of server it says it is.
async fn version(database: &ConnectionInfo) -> Result<String, BoxError> {
    let mut connection = connect(database).await.map_err(|error| format!("the primary: {error}"))?;
    let info: InfoDict = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let of = |server: &str| {
        info.get::<String>(&format!("{server}_version")).map(|version| (server.to_owned(), version))
    };
    let (server, version) = of("valkey").or_else(|| of("redis")).unwrap_or_default();
    Ok(format!("{server} {version}"))
}

fn info(url: String) -> Result<ConnectionInfo, BoxError> {
    // redis-rs's error repeats nothing of the URL, which may hold a password.
    url.into_connection_info().map_err(|error| format!("--redis: {error}").into())
}

async fn proxy_before(database: &ConnectionInfo) -> Result<FaultProxy, BoxError> {
    let ConnectionAddr::Tcp(host, port) = database.addr() else {
        return Err("--fault blackhole: the primary is not reached by plain TCP".into());
    };
    let addr =
        lookup_host((host.as_str(), *port)).await?.next().ok_or("the primary's name has no address")?;
    Ok(FaultProxy::start(addr).await?)
}
