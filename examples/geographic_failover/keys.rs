//! The keys of one run, and what is written to and read from the databases directly.

use std::sync::Arc;

use redis::AsyncCommands;

use crate::BoxError;
use crate::databases::{Databases, Region};
use crate::ledger::COUNTERS;

/// Names of keys. They carry the run, so that databases given by URL keep what they have.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Arc<str>);

impl Keys {
    pub(crate) fn new() -> Self {
        Self(format!("geographic_failover:{}", std::process::id()).into())
    }

    /// Holds the name of the database it lies in, so that every GET says where it was answered.
    pub(crate) fn region(&self) -> String {
        format!("{}:region", self.0)
    }

    pub(crate) fn text(&self, caller: usize) -> String {
        format!("{}:text:{caller}", self.0)
    }

    pub(crate) fn counter(&self, number: usize) -> String {
        format!("{}:counter:{number}", self.0)
    }

    /// Tells each database its name.
    pub(crate) async fn prepare(&self, databases: &Databases) -> Result<(), BoxError> {
        // Nothing is written before both answer.
        let [mut primary, mut secondary] =
            [databases.connect(Region::Primary).await?, databases.connect(Region::Secondary).await?];
        primary.set::<_, _, ()>(self.region(), Region::Primary.name()).await?;
        secondary.set::<_, _, ()>(self.region(), Region::Secondary.name()).await?;
        Ok(())
    }

    /// The sums of the counters over both databases.
    pub(crate) async fn sums(&self, databases: &Databases) -> Result<[u64; COUNTERS], BoxError> {
        let mut sums = [0; COUNTERS];
        for region in Region::BOTH {
            let mut connection = databases.connect(region).await?;
            for (number, sum) in sums.iter_mut().enumerate() {
                *sum += connection.get::<_, Option<u64>>(self.counter(number)).await?.unwrap_or(0);
            }
        }
        Ok(sums)
    }

    /// Removes all of it again.
    pub(crate) async fn remove(&self, databases: &Databases, callers: usize) -> Result<(), BoxError> {
        let keys = (0..callers).map(|caller| self.text(caller));
        let keys = keys.chain((0..COUNTERS).map(|number| self.counter(number))).chain([self.region()]);
        let keys: Vec<_> = keys.collect();
        for region in Region::BOTH {
            databases.connect(region).await?.del::<_, ()>(&keys).await?;
        }
        Ok(())
    }
}
