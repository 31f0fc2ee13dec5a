//! The keys of one database at one moment.

use tokio::time::Instant;

use super::{
    Entries, Watchers,
    data::{Change, Data, Kind},
};
use crate::embedded::commands::Refusal;

/// A value and when it goes.
#[derive(Debug)]
pub(in crate::embedded) struct Entry {
    pub(in crate::embedded) data: Data,
    pub(in crate::embedded) expires: Option<Instant>,
}

/// One database as a command sees it: without expired keys, with every change told to the watchers.
#[derive(Debug)]
pub(in crate::embedded) struct Keyspace<'a> {
    entries: &'a mut Entries,
    watchers: &'a mut Watchers,
    database: usize,
    now: Instant,
}

impl<'a> Keyspace<'a> {
    pub(super) fn new(
        entries: &'a mut Entries,
        watchers: &'a mut Watchers,
        database: usize,
        now: Instant,
    ) -> Self {
        Self { entries, watchers, database, now }
    }

    pub(in crate::embedded) fn now(&self) -> Instant {
        self.now
    }

    /// Removes the key if its time has come.
    pub(super) fn expire(&mut self, key: &[u8]) {
        if self.entries.get(key).is_some_and(|entry| is_expired(entry, self.now)) {
            self.remove(key);
        }
    }

    pub(in crate::embedded) fn entry(&mut self, key: &[u8]) -> Option<&mut Entry> {
        self.expire(key);
        self.entries.get_mut(key)
    }

    pub(in crate::embedded) fn contains(&mut self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// The value of a key, which must be of the type asked for.
    pub(in crate::embedded) fn read<K: Kind>(&mut self, key: &[u8]) -> Result<Option<&K>, Refusal> {
        self.entry(key).map(|entry| K::of(&entry.data).ok_or(Refusal::WRONG_TYPE)).transpose()
    }

    /// Changes the value of a key; a missing one starts empty, an empty collection goes.
    pub(in crate::embedded) fn update<K: Kind, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut K) -> Change<R>,
    ) -> Result<R, Refusal> {
        if let Some(entry) = self.entry(key) {
            let value = K::of_mut(&mut entry.data).ok_or(Refusal::WRONG_TYPE)?;
            let Change { result, changed } = change(value);
            if value.is_gone() {
                self.entries.remove(key);
            }
            if changed {
                self.touch(key);
            }
            return Ok(result);
        }
        let mut value = K::default();
        let Change { result, changed } = change(&mut value);
        if changed && !value.is_gone() {
            self.put(key, value.wrap(), None);
        }
        Ok(result)
    }

    /// Sets a key, whatever it held; one whose time is over already is removed.
    pub(in crate::embedded) fn put(&mut self, key: &[u8], data: Data, expires: Option<Instant>) {
        let entry = Entry { data, expires };
        if is_expired(&entry, self.now) {
            self.entries.remove(key);
        } else {
            self.entries.insert(key.to_vec(), entry);
        }
        self.touch(key);
    }

    /// Sets when an existing key goes; says whether it exists.
    pub(in crate::embedded) fn set_expiry(&mut self, key: &[u8], expires: Option<Instant>) -> bool {
        let now = self.now;
        let Some(entry) = self.entry(key) else { return false };
        entry.expires = expires;
        if is_expired(entry, now) {
            self.entries.remove(key);
        }
        self.touch(key);
        true
    }

    /// Removes a key; says whether it existed, be it expired.
    pub(in crate::embedded) fn remove(&mut self, key: &[u8]) -> bool {
        let existed = self.entries.remove(key).is_some();
        if existed {
            self.touch(key);
        }
        existed
    }

    pub(in crate::embedded) fn clear(&mut self) {
        for key in std::mem::take(self.entries).keys() {
            self.touch(key);
        }
    }

    /// The keys and entries that live.
    pub(in crate::embedded) fn live(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        let now = self.now;
        self.entries
            .iter()
            .filter(move |(_, entry)| !is_expired(entry, now))
            .map(|(key, entry)| (key.as_slice(), entry))
    }

    fn touch(&self, key: &[u8]) {
        self.watchers.changed(self.database, key);
    }
}

fn is_expired(entry: &Entry, now: Instant) -> bool {
    entry.expires.is_some_and(|expires| expires <= now)
}
