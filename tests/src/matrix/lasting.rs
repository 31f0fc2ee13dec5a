//! Faults that are there until they are ended.

use std::fs;
use std::time::Duration;

use failover_testkit::proxy::Direction;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::ground::{operator, order};
use super::{Fault, Stage};
use crate::PATIENCE;

/// Nobody listens there.
const NOWHERE: [&str; 2] = ["127.0.0.1", "1"];
/// How long a server that loads is at each key, in microseconds.
const LOADS_FOR: &str = "5000";

/// A fault that lasts.
#[derive(Debug)]
pub(super) struct Lasting {
    fault: Fault,
    operator: Option<MultiplexedConnection>,
    going_on: Option<JoinHandle<()>>,
}

impl Lasting {
    /// What has to be there before it begins.
    pub(super) async fn prepare(fault: Fault, stage: &Stage) -> Self {
        let operator = match fault {
            Fault::ReadOnly | Fault::MisConf | Fault::MasterDown | Fault::Loading => {
                Some(operator(stage.primary()).await)
            }
            _ => None,
        };
        Self { fault, operator, going_on: None }
    }

    /// Begins it.
    pub(super) async fn begin(&mut self, stage: &Stage) {
        match self.fault {
            Fault::Kill => stage.primary().kill().unwrap(),
            Fault::Stop => stage.primary().stop().unwrap(),
            Fault::BlackHole => stage.network(0).black_hole(),
            Fault::Reset => stage.network(0).reset_all(),
            Fault::HalfClose => stage.network(0).half_close_all(Direction::ToClient),
            Fault::Latency => stage.network(0).latency(Duration::from_secs(2), Duration::ZERO),
            Fault::UnansweredSyn => {
                stage.network(0).forget_connections();
                stage.network(0).ignore().unwrap();
            }
            Fault::Loss => stage.network(0).lose_segments(0.2),
            Fault::TlsNeverFinishes => {
                stage.network(0).swallow_new();
                stage.network(0).reset();
            }
            Fault::ReadOnly => self.order(&["REPLICAOF", NOWHERE[0], NOWHERE[1]]).await,
            Fault::MasterDown => {
                self.order(&["CONFIG", "SET", "replica-serve-stale-data", "no"]).await;
                self.order(&["REPLICAOF", NOWHERE[0], NOWHERE[1]]).await;
            }
            Fault::MisConf => self.cannot_save(stage).await,
            Fault::Loading => self.loads().await,
            Fault::ClusterWithoutShard => stage.cluster().nodes()[1].stop().unwrap(),
            Fault::Flapping => self.going_on = Some(tokio::spawn(flap(stage.network(0).clone()))),
            passing => panic!("{passing:?} does not last"),
        }
    }

    /// Ends it; whatever the server had, it has again.
    pub(super) async fn end(self, stage: &Stage) {
        match self.fault {
            Fault::Kill => stage.primary().restart().await.unwrap(),
            Fault::Stop => stage.primary().resume().unwrap(),
            Fault::ReadOnly | Fault::MasterDown => self.order(&["REPLICAOF", "NO", "ONE"]).await,
            Fault::MisConf => self.order(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]).await,
            Fault::Loading => {
                let quick = operator(stage.primary()).await;
                order(&quick, &["CONFIG", "SET", "key-load-delay", "0"]).await;
            }
            Fault::ClusterWithoutShard => {
                stage.cluster().nodes()[1].resume().unwrap();
                stage.cluster().until_serving().await.unwrap();
            }
            _ => {
                if let Some(going_on) = &self.going_on {
                    going_on.abort();
                }
                stage.network(0).heal().unwrap();
                return;
            }
        }
        if let Some(loading) = self.going_on {
            timeout(PATIENCE, loading).await.unwrap().unwrap();
        }
    }

    async fn order(&self, words: &[&str]) {
        if let Some(operator) = &self.operator {
            order(operator, words).await;
        }
    }

    /// The directory into which it is to save is gone.
    async fn cannot_save(&self, stage: &Stage) {
        let gone = stage.primary().directory().join("gone");
        fs::create_dir(&gone).unwrap();
        self.order(&["CONFIG", "SET", "dir", gone.to_str().unwrap()]).await;
        fs::remove_dir(&gone).unwrap();
        self.order(&["CONFIG", "SET", "save", "3600 1"]).await;
        self.order(&["BGSAVE"]).await;
    }

    /// It loads what it has, slowly, and answers in between that it does.
    async fn loads(&mut self) {
        // A kilobyte, and so a dozen of keys, at a time.
        self.order(&["CONFIG", "SET", "rdbcompression", "no"]).await;
        self.order(&["CONFIG", "SET", "loading-process-events-interval-bytes", "1024"]).await;
        self.order(&["CONFIG", "SET", "key-load-delay", LOADS_FOR]).await;
        let operator = self.operator.clone().unwrap();
        self.going_on = Some(tokio::spawn(async move {
            order(&operator, &["DEBUG", "RELOAD"]).await;
        }));
    }
}

/// Down for a second, up for a second.
async fn flap(network: failover_testkit::proxy::ProxyControl) {
    loop {
        network.refuse();
        network.reset();
        sleep(Duration::from_secs(1)).await;
        network.accept_again().unwrap();
        sleep(Duration::from_secs(1)).await;
    }
}
