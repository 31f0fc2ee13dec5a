//! What befalls a database, or us.

use std::fmt;

/// A fault. Each heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The server's process dies: connections end, dials are refused. It starts again with its data.
    Kill,
    /// The server's process dies, and starts at once as an empty replica that refuses writes; healing makes it a primary.
    Wipe,
    /// The server's machine dies: nobody says anything. It starts again with its data.
    Crash,
    /// The server's process is stopped, and goes on.
    Freeze,
    /// The server loads its data: it refuses commands.
    Loading,
    /// Nothing passes between us and the server; dials are refused.
    Partition,
    /// Nothing passes, and what was sent meanwhile is lost, dials too.
    BlackHole,
    /// Nothing passes, and all of it arrives later.
    Hold,
    /// What we send is lost.
    Deaf,
    /// What the server sends is lost.
    Mute,
    /// The way to the server takes longer.
    Slow,
    /// Our process stands still, and wakes.
    Stall,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Kill,
        Self::Wipe,
        Self::Crash,
        Self::Freeze,
        Self::Loading,
        Self::Partition,
        Self::BlackHole,
        Self::Hold,
        Self::Deaf,
        Self::Mute,
        Self::Slow,
        Self::Stall,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Wipe => "wipe",
            Self::Crash => "crash",
            Self::Freeze => "freeze",
            Self::Loading => "loading",
            Self::Partition => "partition",
            Self::BlackHole => "black_hole",
            Self::Hold => "hold",
            Self::Deaf => "deaf",
            Self::Mute => "mute",
            Self::Slow => "slow",
            Self::Stall => "stall",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the client is doing when a fault comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It has chosen nobody yet.
    Starting,
    /// The heaviest serves, and all are well.
    Steady,
    /// The heaviest serves, and a standby is away.
    StandbyAway,
    /// Another one serves, and the heaviest is away.
    FailedOver,
    /// Another one serves, and the heaviest is being tried, or waits for the fallback.
    Returning,
    /// Nobody serves.
    Outage,
}

impl Phase {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Steady => "steady",
            Self::StandbyAway => "standby_away",
            Self::FailedOver => "failed_over",
            Self::Returning => "returning",
            Self::Outage => "outage",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
