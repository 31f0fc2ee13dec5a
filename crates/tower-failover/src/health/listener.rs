//! One task's ear at one member's cell.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::availability::{Availability, View};
use crate::bell::Bell;

/// Tells when a member's view may be another one. The first look is always worth it.
#[derive(Debug)]
pub(super) struct Listener {
    availability: Availability,
    bell: Arc<Bell>,
}

impl Listener {
    pub(super) fn new(availability: Availability) -> Self {
        let bell = Arc::new(Bell::default());
        availability.listen(&bell);
        bell.ring();
        Self { availability, bell }
    }

    pub(super) fn availability(&self) -> &Availability {
        &self.availability
    }

    /// Ready with the view whenever it may have changed since the last time.
    pub(super) fn poll_view(&self, context: &mut Context<'_>) -> Poll<View> {
        self.bell.poll_rung(context).map(|()| self.availability.view())
    }
}
