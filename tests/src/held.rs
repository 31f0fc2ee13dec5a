//! What a process and its servers have for a client: B42.

use std::fs;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::{clients_of, plain};

/// Counts of what could leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Tasks of this runtime.
    pub tasks: usize,
    /// Open files and sockets of this process.
    pub descriptors: usize,
    /// Connections of each server.
    pub connections: [usize; 2],
}

impl Held {
    /// What is held at this moment.
    pub async fn now(servers: [&AnyServer; 2]) -> Self {
        let [first, second] = servers;
        Self {
            connections: [connections(first).await, connections(second).await],
            tasks: Handle::current().metrics().num_alive_tasks(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    /// What is held once what was begun has ended.
    pub async fn settled(servers: [&AnyServer; 2]) -> Self {
        let mut former = Self::now(servers).await;
        for _ in 0..100 {
            sleep(Duration::from_millis(20)).await;
            let present = Self::now(servers).await;
            if present == former {
                break;
            }
            former = present;
        }
        former
    }
}

/// Kilobytes of memory that this process has.
#[must_use]
pub fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How many others are connected to a server.
pub async fn connections(server: &AnyServer) -> usize {
    let mut connection = plain(&server.url()).await;
    clients_of(&mut connection).await.lines().count() - 1
}
