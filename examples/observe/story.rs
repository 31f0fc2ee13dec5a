//! Two databases and a client that is measured; one database is killed.

use std::net::SocketAddr;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tokio::time::{sleep, timeout};

use super::BoxError;
use super::endpoint::Endpoint;
use super::scrape::scrape;

const LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Story {
    primary: AnyServer,
    _secondary: AnyServer,
    client: MultiDbClient,
    endpoint: Endpoint,
}

impl Story {
    pub(super) async fn begin(port: u16) -> Result<Self, BoxError> {
        let (primary, secondary) = (AnyServer::start().await?, AnyServer::start().await?);
        let (endpoint, metrics) = Endpoint::start(port).await?;
        let client = MultiDbClient::new(
            MultiDbConfig::new([
                DatabaseConfig::from_url(&primary.url())?.name("primary").weight(1.0),
                DatabaseConfig::from_url(&secondary.url())?.name("secondary").weight(0.5),
            ])
            .metrics(metrics),
        )?;
        client.connect(LIMIT).await?;
        Ok(Self { primary, _secondary: secondary, client, endpoint })
    }

    pub(super) fn servers(&self) -> String {
        self.primary.describe()
    }

    pub(super) fn endpoint(&self) -> SocketAddr {
        self.endpoint.address
    }

    /// Calls, the primary's death, more calls; and what is served some seconds later.
    pub(super) async fn tell(&self) -> Result<String, BoxError> {
        self.call(100).await?;
        self.primary.kill()?;
        timeout(LIMIT, self.moved()).await.map_err(|_| "the secondary did not become active within 10 s")?;
        self.call(100).await?;
        // What no event tells of is looked at once a second.
        sleep(Duration::from_millis(2500)).await;
        scrape(self.endpoint()).await
    }

    pub(super) async fn end(&self) {
        self.client.close(Duration::from_secs(1)).await;
    }

    async fn call(&self, times: u32) -> Result<(), BoxError> {
        let mut client = self.client.clone();
        for number in 0..times {
            client.set::<_, _, ()>("number", number).await?;
        }
        redis::pipe().get("number").incr("number", 1).query_async::<(u32, u32)>(&mut client).await?;
        Ok(())
    }

    async fn moved(&self) {
        let secondary_is_active = || {
            let snapshot = self.client.snapshot();
            snapshot.is_some_and(|snapshot| snapshot.active.as_deref() == Some("secondary"))
        };
        while !secondary_is_active() {
            sleep(Duration::from_millis(10)).await;
        }
    }
}
