//! What the clones of a service share, without waiting for each other.

use std::ops::Deref;
use std::sync::Arc;

/// What all clones of a service share, as one of them holds it.
///
/// Every call holds on to it. Calls of two threads that count their references in one place wait for each other; so each
/// clone of the service has a count of its own. (The column "÷ one thread" of the benchmark `layers` shows it.)
///
/// # Clone
/// Allocates once: it is for another clone of the service.
pub(crate) struct Local<T> {
    /// Beside the count, so that who only looks does not touch it.
    shared: Arc<T>,
    held: Held<T>,
}

/// The same, as a call holds it.
pub(crate) struct Held<T>(Arc<Counted<T>>);

/// What references of one clone and its calls are counted for. That count has a cache line of its own: clones that are
/// made in a row lie side by side.
#[repr(align(64))]
struct Counted<T> {
    shared: Arc<T>,
}

impl<T> Local<T> {
    pub(crate) fn new(shared: Arc<T>) -> Self {
        Self { held: Held(Arc::new(Counted { shared: Arc::clone(&shared) })), shared }
    }

    /// For a call.
    #[inline]
    pub(crate) fn hold(&self) -> Held<T> {
        let Held(counted) = &self.held;
        Held(Arc::clone(counted))
    }
}

impl<T> Clone for Local<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<T> Deref for Local<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.shared
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_different_clones_count_their_references_apart() {
        let shared = Arc::new(());
        let one = Local::new(Arc::clone(&shared));
        let other = one.clone();
        assert_eq!(Arc::strong_count(&shared), 5);
        let calls = [one.hold(), one.hold(), other.hold()];
        assert_eq!(Arc::strong_count(&shared), 5, "no call touches what all share");
        drop((one, other));
        assert_eq!(Arc::strong_count(&shared), 3, "a call outlives its service");
        drop(calls);
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}
