//! All faults, by name.

use std::str::FromStr;

/// What befalls the primary's region, or ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server is killed; the kernel resets its connections and refuses new ones.
    Kill,
    /// The server is stopped: the kernel accepts connections, and nothing is answered.
    Stop,
    /// The network swallows everything, on existing and on new connections.
    BlackHole,
    /// Every connection is reset, the new ones as soon as they are accepted.
    Reset,
    /// Every connection is ended from the server's side, the new ones as soon as they are accepted.
    HalfClose,
    /// Everything takes two seconds longer, each way.
    Latency,
    /// Existing connections are silent, and whoever connects is not answered.
    UnansweredSyn,
    /// A fifth of all segments is lost each way, and comes when TCP has sent it again.
    Loss,
    /// Existing connections are reset, and no TLS handshake comes to its end.
    TlsNeverFinishes,
    /// The server becomes the replica of a master that is gone; it serves reads, and refuses writes.
    ReadOnly,
    /// The server cannot save, and so refuses writes, and PING.
    MisConf,
    /// The server becomes a replica without its master, and serves nothing.
    MasterDown,
    /// The server loads its data for a long time.
    Loading,
    /// One of a cluster's three shards is stopped.
    ClusterWithoutShard,
    /// The server cannot be reached for a second, and can for a second, again and again.
    Flapping,
    /// The server is stopped for 200 ms.
    Stall200,
    /// The server is stopped for 400 ms.
    Stall400,
    /// The server is stopped for 800 ms.
    Stall800,
    /// A script keeps the server busy for 800 ms.
    Lua,
    /// Each client reads a value of 100 MB.
    LargeReply,
    /// All connections are killed by the server every two seconds, three times.
    ClientKill,
    /// The servers close what was idle for a second, and nobody calls for three.
    IdleTimeout,
    /// The primary of the region is stopped, and Sentinel promotes its replica.
    SentinelFailover,
    /// Our own process is stopped for five seconds.
    ProcessStopped,
    /// The clients' runtime is blocked for two seconds.
    RuntimeBlocked,
    /// Our own process gets 10 ms out of 100, for five seconds.
    TenthOfCpu,
    /// The name of the database leads nowhere; existing connections live.
    DnsEmpty,
    /// The password was changed: new connections are refused, and existing ones live.
    WrongPass,
    /// The server has no room for another connection.
    MaxClients,
    /// The REST API that tells of the lag cannot be reached.
    RestDown,
    /// The REST API that tells of the lag refuses us.
    Rest401,
    /// Subscribers are killed, because they are too slow for what is published.
    OutputBuffer,
    /// A router forgets all connections: they are silent, and new ones work.
    ForgottenConnections,
    /// The network to both regions swallows everything for two seconds.
    BothBlackHoled,
    /// One client cannot reach the region for 43 s, while another one still does.
    Partition,
}

/// What has to be there for a fault: see [`Stage`](super::Stage).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Two servers.
    Direct,
    /// Two servers behind networks that can be broken.
    Proxied,
    /// As [`Proxied`](Self::Proxied), over TLS.
    Tls,
    /// A cluster, and a server.
    Cluster,
    /// A primary with a replica and a sentinel, and a server.
    Sentinel,
    /// Two servers that are found by names.
    Named,
    /// Two servers with a password.
    Password,
    /// Two servers, and an API that tells how far behind they are.
    Rest,
}

/// How a fault goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It is there until it is ended.
    Lasts,
    /// It is over by itself.
    Passes,
}

impl Fault {
    /// All of them: first those after which the database is to be left, then those after which it is not, at last those
    /// from which it is to be returned.
    pub const ALL: [Self; 35] = [
        Self::Kill,
        Self::Stop,
        Self::BlackHole,
        Self::Reset,
        Self::HalfClose,
        Self::Latency,
        Self::UnansweredSyn,
        Self::Loss,
        Self::TlsNeverFinishes,
        Self::ReadOnly,
        Self::MisConf,
        Self::MasterDown,
        Self::Loading,
        Self::ClusterWithoutShard,
        Self::Flapping,
        Self::Stall200,
        Self::Stall400,
        Self::Stall800,
        Self::Lua,
        Self::LargeReply,
        Self::ClientKill,
        Self::IdleTimeout,
        Self::SentinelFailover,
        Self::ProcessStopped,
        Self::RuntimeBlocked,
        Self::TenthOfCpu,
        Self::DnsEmpty,
        Self::WrongPass,
        Self::MaxClients,
        Self::RestDown,
        Self::Rest401,
        Self::OutputBuffer,
        Self::ForgottenConnections,
        Self::BothBlackHoled,
        Self::Partition,
    ];

    /// Those of the short form, which takes a minute.
    pub const SHORT: [Self; 4] = [Self::Kill, Self::BlackHole, Self::Stall400, Self::ClientKill];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.properties().0
    }

    /// What happens, in a sentence.
    #[must_use]
    pub(super) const fn what(self) -> &'static str {
        self.properties().1
    }

    /// What has to be there for it.
    #[must_use]
    pub(super) const fn ground(self) -> Ground {
        self.properties().2
    }

    /// How it goes.
    #[must_use]
    pub(super) const fn course(self) -> Course {
        self.properties().3
    }

    /// Whether it concerns the whole machine, or leaves no room for another fault beside it.
    #[must_use]
    pub(super) const fn is_alone(self) -> bool {
        matches!(
            self,
            Self::ProcessStopped
                | Self::RuntimeBlocked
                | Self::TenthOfCpu
                | Self::LargeReply
                | Self::Stall200
                | Self::Stall400
                | Self::Stall800
                | Self::Lua
        )
    }

    const fn properties(self) -> (&'static str, &'static str, Ground, Course) {
        use Course::{Lasts, Passes};
        use Ground::{Cluster, Direct, Named, Password, Proxied, Rest, Sentinel, Tls};
        match self {
            Self::Kill => (
                "kill",
                "The server is killed; the kernel resets its connections and refuses new ones.",
                Direct,
                Lasts,
            ),
            Self::Stop => (
                "stop",
                "The server is stopped: the kernel accepts connections, and nothing is answered.",
                Direct,
                Lasts,
            ),
            Self::BlackHole => (
                "black-hole",
                "The network swallows everything, on existing and on new connections.",
                Proxied,
                Lasts,
            ),
            Self::Reset => (
                "reset",
                "Every connection is reset, the new ones as soon as they are accepted.",
                Proxied,
                Lasts,
            ),
            Self::HalfClose => (
                "half-close",
                "Every connection is ended from the server's side, the new ones as soon as they are accepted.",
                Proxied,
                Lasts,
            ),
            Self::Latency => ("latency-2s", "Everything takes two seconds longer, each way.", Proxied, Lasts),
            Self::UnansweredSyn => (
                "unanswered-syn",
                "Existing connections are silent, and whoever connects is not answered.",
                Proxied,
                Lasts,
            ),
            Self::Loss => (
                "loss-20-percent",
                "A fifth of all segments is lost each way, and comes when TCP has sent it again.",
                Proxied,
                Lasts,
            ),
            Self::TlsNeverFinishes => (
                "tls-never-finishes",
                "Existing connections are reset, and no TLS handshake comes to its end.",
                Tls,
                Lasts,
            ),
            Self::ReadOnly => (
                "readonly",
                "The server becomes the replica of a master that is gone; it serves reads, and refuses writes.",
                Direct,
                Lasts,
            ),
            Self::MisConf => {
                ("misconf", "The server cannot save, and so refuses writes, and PING.", Direct, Lasts)
            }
            Self::MasterDown => (
                "masterdown",
                "The server becomes a replica without its master, and serves nothing.",
                Direct,
                Lasts,
            ),
            Self::Loading => ("loading", "The server loads its data for a long time.", Direct, Lasts),
            Self::ClusterWithoutShard => {
                ("cluster-without-shard", "One of a cluster's three shards is stopped.", Cluster, Lasts)
            }
            Self::Flapping => (
                "flapping",
                "The server cannot be reached for a second, and can for a second, again and again.",
                Proxied,
                Lasts,
            ),
            Self::Stall200 => ("stall-200ms", "The server is stopped for 200 ms.", Direct, Passes),
            Self::Stall400 => ("stall-400ms", "The server is stopped for 400 ms.", Direct, Passes),
            Self::Stall800 => ("stall-800ms", "The server is stopped for 800 ms.", Direct, Passes),
            Self::Lua => ("lua-800ms", "A script keeps the server busy for 800 ms.", Direct, Passes),
            Self::LargeReply => ("reply-of-100mb", "Each client reads a value of 100 MB.", Direct, Passes),
            Self::ClientKill => (
                "client-kill",
                "All connections are killed by the server every two seconds, three times.",
                Direct,
                Passes,
            ),
            Self::IdleTimeout => (
                "idle-timeout-1s",
                "The servers close what was idle for a second, and nobody calls for three.",
                Direct,
                Passes,
            ),
            Self::SentinelFailover => (
                "sentinel-failover",
                "The primary of the region is stopped, and Sentinel promotes its replica.",
                Sentinel,
                Passes,
            ),
            Self::ProcessStopped => {
                ("process-stopped-5s", "Our own process is stopped for five seconds.", Direct, Passes)
            }
            Self::RuntimeBlocked => {
                ("runtime-blocked-2s", "The clients' runtime is blocked for two seconds.", Direct, Passes)
            }
            Self::TenthOfCpu => {
                ("tenth-of-a-cpu", "Our own process gets 10 ms out of 100, for five seconds.", Direct, Passes)
            }
            Self::DnsEmpty => (
                "dns-empty",
                "The name of the database leads nowhere; existing connections live.",
                Named,
                Passes,
            ),
            Self::WrongPass => (
                "wrongpass-on-dials",
                "The password was changed: new connections are refused, and existing ones live.",
                Password,
                Passes,
            ),
            Self::MaxClients => {
                ("maxclients", "The server has no room for another connection.", Direct, Passes)
            }
            Self::RestDown => {
                ("rest-down", "The REST API that tells of the lag cannot be reached.", Rest, Passes)
            }
            Self::Rest401 => ("rest-401", "The REST API that tells of the lag refuses us.", Rest, Passes),
            Self::OutputBuffer => (
                "output-buffer",
                "Subscribers are killed, because they are too slow for what is published.",
                Direct,
                Passes,
            ),
            Self::ForgottenConnections => (
                "forgotten-connections",
                "A router forgets all connections: they are silent, and new ones work.",
                Proxied,
                Passes,
            ),
            Self::BothBlackHoled => (
                "both-black-holed-2s",
                "The network to both regions swallows everything for two seconds.",
                Proxied,
                Passes,
            ),
            Self::Partition => (
                "partition-43s",
                "One client cannot reach the region for 43 s, while another one still does.",
                Proxied,
                Passes,
            ),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|fault| fault.name() == name);
        named.ok_or_else(|| format!("there is no fault {name}"))
    }
}
