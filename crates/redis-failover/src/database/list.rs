//! The databases that are in use.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::OpenDatabase;

/// All databases of a client, in the order in which they joined, until the client is closed.
pub(crate) struct Databases(Mutex<Option<Vec<OpenDatabase>>>);

impl Databases {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Adds one; once the client is closed, it ends at once, and this says so.
    #[must_use]
    pub(crate) fn add(&self, database: OpenDatabase) -> bool {
        let mut database = Some(database);
        if let Some(databases) = &mut *self.lock() {
            databases.extend(database.take());
        }
        database.is_none()
    }

    pub(crate) fn remove(&self, name: &str) -> Option<OpenDatabase> {
        let mut databases = self.lock();
        let databases = databases.as_mut()?;
        let index = databases.iter().position(|database| &**database.name() == name)?;
        Some(databases.remove(index))
    }

    /// Ends all, and whatever joins later.
    pub(crate) fn close(&self) {
        let databases = self.lock().take();
        drop(databases);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_none()
    }

    /// Looks at one; no foreign code may run in `look`, which holds the lock.
    pub(crate) fn find<T>(&self, name: &str, look: impl FnOnce(&mut OpenDatabase) -> T) -> Option<T> {
        let mut databases = self.lock();
        databases.as_mut()?.iter_mut().find(|database| &**database.name() == name).map(look)
    }

    /// Looks at all; as with [`find`](Self::find).
    pub(crate) fn each<T>(&self, look: impl FnMut(&OpenDatabase) -> T) -> Vec<T> {
        self.lock().iter().flatten().map(look).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<OpenDatabase>>> {
        // The list is whole at every step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
