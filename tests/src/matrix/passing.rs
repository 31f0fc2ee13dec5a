//! Faults that are over by themselves.

use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::ground::{operator, order};
use super::partition::Partition;
use super::{Clients, Fault, Stage};
use crate::cut_probes;
use crate::messages::CHANNEL;
use crate::phase::Phase;

const LARGE: usize = 100_000_000;
/// More than a subscriber's output buffer may hold.
const TOO_MUCH: usize = 1_000_000;
/// In which a health check comes round.
const A_ROUND: Duration = Duration::from_secs(7);

const BUSY: &str = "local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end \
                    local start = now() while now() < start + 800000 do end return 1";

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A fault that passes.
#[derive(Debug)]
pub(super) struct Passing {
    fault: Fault,
    operators: Vec<MultiplexedConnection>,
}

impl Passing {
    /// What has to be there before it begins.
    pub(super) async fn prepare(fault: Fault, stage: &Stage) -> Self {
        let mut operators = Vec::new();
        if !matches!(fault, Fault::SentinelFailover) {
            operators.push(operator(stage.primary()).await);
            operators.push(operator(stage.secondary()).await);
        }
        if fault == Fault::LargeReply {
            let _: usize = operators[0].setrange("large", LARGE as isize - 1, "!").await.unwrap();
        }
        Self { fault, operators }
    }

    /// From its beginning to its end, which it tells, with what there is to be known besides.
    pub(super) async fn happen(self, stage: &mut Stage, clients: &Clients) -> (Instant, Option<String>) {
        match self.fault {
            Fault::Stall200 => stall(stage, ms(200)),
            Fault::Stall400 => stall(stage, ms(400)),
            Fault::Stall800 => stall(stage, ms(800)),
            Fault::Lua => self.order(&["EVAL", BUSY, "0"]).await,
            Fault::LargeReply => replies(clients).await,
            Fault::ClientKill => {
                for _ in 0..3 {
                    self.kill_all("normal").await;
                    sleep(ms(2000)).await;
                }
            }
            Fault::IdleTimeout => {
                for operator in &self.operators {
                    order(operator, &["CONFIG", "SET", "timeout", "1"]).await;
                }
                for phase in [Phase::Rest, Phase::Work, Phase::Rest, Phase::Work] {
                    clients.enter(phase);
                    sleep(ms(3000)).await;
                }
            }
            Fault::SentinelFailover => {
                stage.settle().await;
                stage.sentinel().primary().stop().unwrap();
                stage.sentinel().until_promoted().await.unwrap();
                sleep(A_ROUND).await;
            }
            Fault::ProcessStopped => of_ourselves("kill -STOP $0; sleep 5; kill -CONT $0").await,
            Fault::TenthOfCpu => {
                let throttled =
                    "for i in $(seq 50); do kill -STOP $0; sleep 0.09; kill -CONT $0; sleep 0.01; done";
                of_ourselves(throttled).await;
            }
            Fault::RuntimeBlocked => clients.block(ms(2000)).await,
            Fault::DnsEmpty => {
                stage.name_leads_nowhere(true);
                sleep(A_ROUND).await;
                stage.name_leads_nowhere(false);
            }
            Fault::WrongPass => {
                self.order(&["CONFIG", "SET", "requirepass", "after"]).await;
                self.lose_additional_connections().await;
                self.order(&["CONFIG", "SET", "requirepass", "before"]).await;
            }
            Fault::MaxClients => {
                self.order(&["CONFIG", "SET", "maxclients", "1"]).await;
                self.lose_additional_connections().await;
                self.order(&["CONFIG", "SET", "maxclients", "10000"]).await;
            }
            Fault::RestDown => {
                stage.end_api();
                sleep(ms(3000)).await;
            }
            Fault::Rest401 => {
                stage.api().answer("", failover_testkit::tls::Answer::Status(401));
                sleep(ms(3000)).await;
            }
            Fault::OutputBuffer => {
                self.order(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 100kb 0 0"]).await;
                let payload = "!".repeat(TOO_MUCH);
                for _ in 0..3 {
                    self.order(&["PUBLISH", CHANNEL, &payload]).await;
                    sleep(ms(1000)).await;
                }
            }
            Fault::ForgottenConnections => {
                stage.network(0).forget_connections();
                sleep(ms(5000)).await;
                stage.network(0).heal().unwrap();
            }
            Fault::BothBlackHoled => {
                for place in 0..2 {
                    stage.network(place).black_hole();
                }
                sleep(ms(2000)).await;
                for place in 0..2 {
                    stage.network(place).heal().unwrap();
                }
            }
            Fault::Partition => {
                let partition = Partition::happen(stage, clients).await;
                let ended = Instant::now();
                return (ended, Some(partition.told(stage).await));
            }
            lasting => panic!("{lasting:?} does not pass"),
        }
        (Instant::now(), None)
    }

    async fn order(&self, words: &[&str]) {
        order(&self.operators[0], words).await;
    }

    async fn kill_all(&self, kind: &str) {
        self.order(&["CLIENT", "KILL", "TYPE", kind]).await;
    }

    /// Subscribers and health checks have to dial, while the connections that all commands share live.
    async fn lose_additional_connections(&self) {
        self.kill_all("pubsub").await;
        cut_probes(&mut self.operators[0].clone()).await;
        sleep(A_ROUND).await;
    }
}

/// The server is stopped; by this thread, so that a busy runtime does not make it longer.
fn stall(stage: &Stage, hang: Duration) {
    stage.primary().stop().unwrap();
    thread::sleep(hang);
    stage.primary().resume().unwrap();
}

/// A shell does this to our own process, whose number is `$0`.
async fn of_ourselves(script: &'static str) {
    let done =
        spawn_blocking(move || Command::new("sh").args(["-c", script, &process::id().to_string()]).status());
    assert!(done.await.unwrap().unwrap().success());
}

/// Each client reads it, one after the other; who has no patience for it gives up.
async fn replies(clients: &Clients) {
    for working in clients.working() {
        let _ = working.client.clone().get::<_, Vec<u8>>("large").await;
    }
}
