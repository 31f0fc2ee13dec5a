//! Many clones of one service, called in turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tower_service::Service;

/// Calls many clones in turn. A clone of the crowd is the same crowd, handed over: the clones stay as warm as callers
/// keep them, and one crowd at a time is called.
pub(super) struct Crowd<S> {
    clones: Vec<S>,
    next: usize,
    resting: Arc<Mutex<Vec<S>>>,
}

impl<S: Clone> Crowd<S> {
    /// So many clones, at rest.
    pub(super) fn new(service: &S, number: usize) -> Self {
        let resting = Arc::new(Mutex::new(vec![service.clone(); number]));
        Self { clones: Vec::new(), next: 0, resting }
    }
}

impl<S> Clone for Crowd<S> {
    fn clone(&self) -> Self {
        let clones = std::mem::take(&mut *self.resting.lock().unwrap_or_else(PoisonError::into_inner));
        Self { clones, next: 0, resting: Arc::clone(&self.resting) }
    }
}

impl<S> Drop for Crowd<S> {
    fn drop(&mut self) {
        if !self.clones.is_empty() {
            let clones = std::mem::take(&mut self.clones);
            *self.resting.lock().unwrap_or_else(PoisonError::into_inner) = clones;
        }
    }
}

impl<S: Service<()>> Service<()> for Crowd<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.clones[self.next].poll_ready(context)
    }

    #[inline]
    fn call(&mut self, (): ()) -> S::Future {
        let clone = self.next;
        self.next = if clone + 1 == self.clones.len() { 0 } else { clone + 1 };
        self.clones[clone].call(())
    }
}
