//! All that is measured, by name.

mod crowd;
mod numbered;
mod ours;
mod peers;

use tokio::runtime::Runtime;

use crate::noop::Noop;
use crate::subject::Subject;

pub use numbered::{NUMBERED, WINDOW};

/// What the others are compared with.
pub const BARE: &str = "bare service";
/// The same once more: what it differs by is the noise.
pub const BARE_AGAIN: &str = "bare service again";
/// Retry, balance over two members, breaker, detector and deadline.
pub const ALL_LAYERS: &str = "all layers";

/// The bare service, twice; ours on it, together and apart; and what else there is.
#[must_use]
pub fn layers_and_peers<const PENDING_ONCE: bool>(runtime: &Runtime) -> Vec<Subject> {
    // Some of them spawn tasks.
    let _entered = runtime.enter();
    let mut subjects = vec![
        Subject::new(BARE, Noop::<PENDING_ONCE>),
        Subject::new(BARE_AGAIN, Noop::<PENDING_ONCE>),
        ours::together::<PENDING_ONCE>(),
    ];
    subjects.extend(ours::apart::<PENDING_ONCE>());
    subjects.push(peers::tower_resilience::<PENDING_ONCE>());
    subjects.push(peers::failsafe::<PENDING_ONCE>());
    subjects.push(peers::buffer_over_p2c::<PENDING_ONCE>());
    subjects
}

/// The subject of this name, pending once.
#[must_use]
pub fn find(runtime: &Runtime, name: &str) -> Option<Subject> {
    match numbered::subject(runtime, name) {
        None => layers_and_peers::<true>(runtime).into_iter().find(|subject| subject.name == name),
        numbered => numbered,
    }
}
