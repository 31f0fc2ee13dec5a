//! The same use of a plain connection and of the client.

use std::time::Duration;

use failover_testkit::server::RealServer;
use redis::aio::MultiplexedConnection;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active, real_server};

/// Both protocols of Redis, as a URL says them.
pub(crate) const PROTOCOLS: [&str; 2] = ["resp2", "resp3"];

/// The database number on all servers.
const NUMBER: u8 = 3;

/// What a kind of use was answered, in words that can be compared.
pub(crate) type Answers = Vec<String>;

/// Puts answers of any types into words.
macro_rules! answers {
    ($($answer:expr),* $(,)?) => { vec![$(format!("{:?}", $answer)),*] };
}
pub(crate) use answers;

/// Has a plain connection and the client do the same, over both protocols, and compares what they are answered.
macro_rules! same_answers {
    ($use_it:path) => {
        for protocol in crate::PROTOCOLS {
            let Some(mut stage) = crate::Stage::set(protocol).await else { return };
            let expected: crate::Answers = $use_it(&mut stage.plain).await.unwrap();
            let answers: crate::Answers = $use_it(&mut stage.client).await.unwrap();
            assert!(!expected.is_empty());
            assert_eq!(answers, expected, "{protocol}");
        }
    };
}
pub(crate) use same_answers;

/// A plain connection to a server of its own, and a client of two others.
pub(crate) struct Stage {
    pub(crate) plain: MultiplexedConnection,
    pub(crate) client: MultiDbClient,
    pub(crate) primary: RealServer,
    pub(crate) _secondary: RealServer,
    _other: RealServer,
}

impl Stage {
    /// `None`, and a word of it, where there is no server to start.
    pub(crate) async fn set(protocol: &str) -> Option<Self> {
        real_server()?;
        let url = |server: &RealServer| format!("redis://{}/{NUMBER}?protocol={protocol}", server.addr());
        let [primary, secondary, other] =
            [RealServer::start().await, RealServer::start().await, RealServer::start().await]
                .map(Result::unwrap);
        // Time enough for a slow machine: a plain connection's own limit is half a second.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let plain = redis::Client::open(url(&other)).unwrap();
        let plain = plain.get_multiplexed_async_connection_with_config(&patient).await.unwrap();
        let config = MultiDbConfig::new([
            DatabaseConfig::from_url(&url(&primary)).unwrap().name("primary").weight(1.0),
            DatabaseConfig::from_url(&url(&secondary)).unwrap().name("secondary").weight(0.5),
        ]);
        let client = MultiDbClient::new(
            config.response_timeout(PATIENCE).health_check_delay(Duration::from_millis(10)),
        )
        .unwrap();
        client.connect(PATIENCE).await.unwrap();
        becomes_active(&client, "primary").await;
        Some(Self { plain, client, primary, _secondary: secondary, _other: other })
    }
}
