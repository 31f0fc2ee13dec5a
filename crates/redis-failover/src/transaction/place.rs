//! Where the next attempt is made.

use tower_failover::balance::ActiveRoute;
use tower_failover::{Chance, Route};

use crate::adapter::StackConnection;
use crate::command::Command;
use crate::connection::Dedicated;
use crate::database::{Beside, Databases};
use crate::error::Error;

/// The databases of a client, as far as a transaction needs them.
pub(crate) struct Place<'a> {
    pub(crate) stack: StackConnection,
    pub(crate) route: &'a ActiveRoute,
    pub(crate) databases: &'a Databases,
    pub(crate) chance: &'a Chance,
}

impl Place<'_> {
    /// The dedicated connections of the active database, and what counts their calls. Where it is not known to serve, a
    /// command through the whole stack finds out, or waits, or fails as every command does.
    pub(super) async fn active(&mut self, in_doubt: bool) -> Result<(Dedicated, Beside), Error> {
        let known = if in_doubt || self.route.in_doubt() { None } else { self.route.active().1 };
        let name = match known {
            Some(name) => name,
            None => {
                // On the heap, like every call: futures of callers shall not be as deep as the stack.
                Box::pin(self.stack.call(Command::from(redis::cmd("PING")))).await?;
                self.route.active().1.ok_or(Error::DatabaseLeft)?
            }
        };
        let found = self.databases.find(&name, |database| {
            let dedicated = database.dedicated.clone();
            dedicated.map(|dedicated| (dedicated, database.beside.clone()))
        });
        match found {
            None if self.databases.is_closed() => Err(Error::Closed),
            // Removed since.
            None => Err(Error::DatabaseLeft),
            Some(None) => Err(Error::NoDedicatedConnections { database: name }),
            Some(Some(found)) => Ok(found),
        }
    }
}
