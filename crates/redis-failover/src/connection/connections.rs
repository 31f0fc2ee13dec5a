//! How many connections a database has.

/// The connections to one database at one moment, as far as calls, transactions and subscribers have them.
///
/// They do not add up to the member's [`open_connections`](tower_failover::balance::MemberSnapshot::open_connections):
/// health checks have connections of their own, which are among those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Connections {
    /// Whether there is the one that all commands share; `None` for a database that connects by itself.
    pub commands: Option<bool>,
    /// Those on which a blocking command or a transaction runs.
    pub dedicated_in_use: usize,
    /// Those that are kept for the next one.
    pub dedicated_idle: usize,
    /// Those on which subscribers listen.
    pub subscribers: usize,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Connections {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("Connections", 4)?;
        object.serialize_field("commands", &self.commands)?;
        object.serialize_field("dedicated_in_use", &self.dedicated_in_use)?;
        object.serialize_field("dedicated_idle", &self.dedicated_idle)?;
        object.serialize_field("subscribers", &self.subscribers)?;
        object.end()
    }
}
