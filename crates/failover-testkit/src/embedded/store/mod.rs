//! The sixteen databases and their keys.

mod cursor;
mod data;
mod keyspace;

pub(super) use self::{
    cursor::scan,
    data::{Change, Data, Hash, List, Set},
    keyspace::{Entry, Keyspace},
};

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::Instant;

/// As in the default configuration of Redis.
pub(super) const DATABASES: usize = 16;

type Entries = BTreeMap<Vec<u8>, Entry>;

/// All data, and who watches which key.
#[derive(Debug, Default)]
pub(super) struct Store {
    databases: [Entries; DATABASES],
    watchers: Watchers,
}

impl Store {
    /// The keys of one database, as they are now.
    pub(super) fn keyspace(&mut self, database: usize) -> Keyspace<'_> {
        Keyspace::new(&mut self.databases[database], &mut self.watchers, database, Instant::now())
    }

    pub(super) fn clear(&mut self) {
        for database in 0..DATABASES {
            self.keyspace(database).clear();
        }
    }

    /// Raises `flag` when the key changes.
    pub(super) fn watch(&mut self, database: usize, key: Vec<u8>, flag: &Arc<AtomicBool>) {
        self.keyspace(database).expire(&key);
        self.watchers.0.entry((database, key)).or_default().push(Arc::clone(flag));
    }

    pub(super) fn unwatch(&mut self, database: usize, key: Vec<u8>, flag: &Arc<AtomicBool>) {
        // A key that has expired meanwhile has changed, even if nobody has looked at it.
        self.keyspace(database).expire(&key);
        let place = (database, key);
        if let Some(flags) = self.watchers.0.get_mut(&place) {
            flags.retain(|other| !Arc::ptr_eq(other, flag));
            if flags.is_empty() {
                self.watchers.0.remove(&place);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Watchers(BTreeMap<(usize, Vec<u8>), Vec<Arc<AtomicBool>>>);

impl Watchers {
    fn changed(&self, database: usize, key: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        for flag in self.0.get(&(database, key.to_vec())).into_iter().flatten() {
            flag.store(true, Ordering::SeqCst);
        }
    }
}
