//! A primary, a replica, and the sentinels that watch over them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, mem, time::Duration};

use super::{RealServer, launch::Role, until};

/// The name by which sentinels know the primary.
const SERVICE: &str = "mymaster";

/// A primary and its replica, with sentinels that promote the replica when the primary is lost. All end on drop.
///
/// ```
/// use failover_testkit::server::{RealServer, SentinelSetup};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// if RealServer::find_or_skip().is_none() {
///     return Ok(());
/// }
/// let setup = SentinelSetup::builder().start().await?;
/// setup.primary().kill()?;
/// setup.until_promoted().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SentinelSetup {
    primary: RealServer,
    replica: RealServer,
    sentinels: Vec<RealServer>,
}

/// Builds a [`SentinelSetup`]; made by [`SentinelSetup::builder`].
///
/// The defaults are one sentinel, which takes a primary for lost after 300 ms of silence, and no passwords.
#[derive(Debug, Clone)]
#[must_use]
pub struct SentinelSetupBuilder {
    sentinels: usize,
    down_after: Duration,
    password: Option<String>,
    sentinel_password: Option<String>,
}

impl SentinelSetupBuilder {
    /// How many sentinels there are; more than half of them must agree. Three take some seconds to find each other.
    pub fn sentinels(mut self, sentinels: usize) -> Self {
        self.sentinels = sentinels.max(1);
        self
    }

    /// After how long a silent primary counts as lost.
    pub fn down_after(mut self, down_after: Duration) -> Self {
        self.down_after = down_after;
        self
    }

    /// The password of primary and replica.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The password of the sentinels themselves.
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.sentinel_password = Some(password.into());
        self
    }

    /// Starts all of them, and waits until the sentinels know the replica and each other.
    ///
    /// # Errors
    ///
    /// As [`RealServerBuilder::start`](super::RealServerBuilder::start), and if they do not come together within 30 s.
    pub async fn start(self) -> io::Result<SentinelSetup> {
        let primary = self.server().start().await?;
        let replica = self.server().args(["--replicaof", "127.0.0.1", &primary.port().to_string()]);
        let replica = replica.start().await?;
        until("the replica follows", || async {
            Some(replica.say("INFO replication").await.ok()?.contains("master_link_status:up"))
        })
        .await?;
        let configuration = self.configuration(primary.port()).map_err(io::Error::other)?;
        let mut sentinels = Vec::new();
        for _ in 0..self.sentinels {
            let mut sentinel = RealServer::builder().role(Role::Sentinel(configuration.clone()));
            if let Some(password) = &self.sentinel_password {
                sentinel = sentinel.password(password);
            }
            sentinels.push(sentinel.start().await?);
        }
        for sentinel in &sentinels {
            let others = (self.sentinels - 1).to_string();
            until("the sentinels know everybody", || async {
                let said = sentinel.say(format!("SENTINEL MASTER {SERVICE}")).await.ok()?;
                Some(field(&said, "num-slaves") == "1" && field(&said, "num-other-sentinels") == others)
            })
            .await?;
        }
        Ok(SentinelSetup { primary, replica, sentinels })
    }

    fn server(&self) -> super::RealServerBuilder {
        let server = RealServer::builder().args(["--repl-diskless-sync-delay", "0"]);
        match &self.password {
            Some(password) => server.password(password).args(["--masterauth", password]),
            None => server,
        }
    }

    fn configuration(&self, primary: u16) -> Result<String, std::fmt::Error> {
        let mut lines = String::new();
        let quorum = self.sentinels / 2 + 1;
        writeln!(lines, "sentinel monitor {SERVICE} 127.0.0.1 {primary} {quorum}")?;
        writeln!(lines, "sentinel down-after-milliseconds {SERVICE} {}", self.down_after.as_millis())?;
        writeln!(lines, "sentinel failover-timeout {SERVICE} 2000")?;
        if let Some(password) = &self.password {
            writeln!(lines, "sentinel auth-pass {SERVICE} {password}")?;
        }
        if let Some(password) = &self.sentinel_password {
            // Among the sentinels themselves.
            writeln!(lines, "sentinel sentinel-pass {password}")?;
        }
        Ok(lines)
    }
}

/// The value of a field in a list of names and values, each on a line of its own.
fn field<'a>(said: &'a str, name: &str) -> &'a str {
    said.lines().skip_while(|line| *line != name).nth(2).unwrap_or_default()
}

impl SentinelSetup {
    /// A set-up to be configured before its start.
    pub fn builder() -> SentinelSetupBuilder {
        SentinelSetupBuilder {
            sentinels: 1,
            down_after: Duration::from_millis(300),
            password: None,
            sentinel_password: None,
        }
    }

    /// The name by which the sentinels know the primary.
    #[must_use]
    pub fn service(&self) -> &'static str {
        SERVICE
    }

    /// The server that began as the primary, or was it when this [settled](Self::settle).
    #[must_use]
    pub fn primary(&self) -> &RealServer {
        &self.primary
    }

    /// The server that began as the replica, or was it when this [settled](Self::settle).
    #[must_use]
    pub fn replica(&self) -> &RealServer {
        &self.replica
    }

    /// The sentinels.
    #[must_use]
    pub fn sentinels(&self) -> &[RealServer] {
        &self.sentinels
    }

    /// The URLs of the sentinels, with their password if they have one.
    #[must_use]
    pub fn sentinel_urls(&self) -> Vec<String> {
        self.sentinels.iter().map(RealServer::url).collect()
    }

    /// Waits until all sentinels that run name one server, which says itself that it is the primary, and the other one
    /// follows it. On a busy machine sentinels may take a primary for lost that is only slow, and promote the replica:
    /// then [`primary`](Self::primary) and [`replica`](Self::replica) change places here.
    ///
    /// # Errors
    ///
    /// If that is not so within 30 s.
    pub async fn settle(&mut self) -> io::Result<()> {
        let has_moved = AtomicBool::new(false);
        until("sentinels and servers agree on the primary", || async {
            has_moved.store(self.has_moved().await?, Ordering::Relaxed);
            Some(true)
        })
        .await?;
        if has_moved.into_inner() {
            mem::swap(&mut self.primary, &mut self.replica);
        }
        Ok(())
    }

    /// Whether the replica is the primary; `None` while not everybody says the same.
    async fn has_moved(&self) -> Option<bool> {
        let has_moved = self.replica.say("ROLE").await.ok()?.contains("master");
        let (leads, follows) =
            if has_moved { (&self.replica, &self.primary) } else { (&self.primary, &self.replica) };
        let port = leads.port().to_string();
        let of_follower = follows.say("INFO replication").await.ok()?;
        let is_followed = of_follower.contains("master_link_status:up")
            && of_follower.lines().any(|line| line.strip_prefix("master_port:") == Some(port.as_str()));
        let agree = leads.say("ROLE").await.ok()?.contains("master") && is_followed && self.name(&port).await;
        agree.then_some(has_moved)
    }

    /// Whether all sentinels that run name the server with this port.
    async fn name(&self, port: &str) -> bool {
        let question = format!("SENTINEL GET-MASTER-ADDR-BY-NAME {SERVICE}");
        for sentinel in self.sentinels.iter().filter(|sentinel| sentinel.is_running()) {
            let said = sentinel.say(&question).await;
            if !said.is_ok_and(|said| said.lines().any(|line| line == port)) {
                return false;
            }
        }
        true
    }

    /// Waits until the replica is the primary, and all sentinels that run say so.
    ///
    /// # Errors
    ///
    /// If that is not so within 30 s.
    pub async fn until_promoted(&self) -> io::Result<()> {
        until("the replica is promoted", || async {
            Some(self.replica.say("ROLE").await.ok()?.contains("master"))
        })
        .await?;
        let port = self.replica.port().to_string();
        until("the sentinels say so", || async { Some(self.name(&port).await) }).await
    }
}
