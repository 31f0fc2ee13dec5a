//! What a client's databases look like.

use tower_failover::balance::MemberSnapshot;

use super::MultiDbClient;
use crate::connection::Connections;

/// What a database looks like at one moment.
///
/// With the feature `serde` it can be serialised, as `{"member": …, "connections": …}`; how instants are told is said at
/// [`Snapshot`](tower_failover::balance::Snapshot). No secret is in it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseSnapshot {
    /// Its name, weight, health and circuit, and what was ordered of it.
    pub member: MemberSnapshot,
    /// Its connections.
    pub connections: Connections,
}

impl MultiDbClient {
    /// All databases as they are now, in the order in which they joined; none before the first command or
    /// [`connect`](Self::connect). What is told of the client as a whole, the last switches included, is in
    /// [`snapshot`](Self::snapshot).
    ///
    /// ```no_run
    /// # fn show(client: &redis_failover::MultiDbClient) {
    /// for database in client.databases() {
    ///     let member = &database.member;
    ///     println!("{}: {:?}, {} subscribers", member.name, member.view.verdict, database.connections.subscribers);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn databases(&self) -> Vec<DatabaseSnapshot> {
        let Some(running) = self.shared.running.get() else { return Vec::new() };
        let members = running.handle.snapshot().members.into_iter();
        let snapshot = |member: MemberSnapshot| {
            let connections = running.databases.find(&member.name, |database| database.connections());
            // Whoever is leaving, or a client that is closed, has none.
            DatabaseSnapshot { member, connections: connections.unwrap_or_default() }
        };
        members.map(snapshot).collect()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for DatabaseSnapshot {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("DatabaseSnapshot", 2)?;
        object.serialize_field("member", &self.member)?;
        object.serialize_field("connections", &self.connections)?;
        object.end()
    }
}
