//! Where calls go now: what a waiting retry looks at.

use std::future::{Future, Pending, pending};

use crate::availability::Availability;

/// Where calls go now, as far as a retry needs to know it.
///
/// `Retry` asks it which attempt ran where, and ends its wait when calls go elsewhere. The balance gives one; `()` is
/// the route of a service that has only one place to go.
pub trait Route {
    /// Completes when something changed: calls go elsewhere, or a doubt was settled.
    type Changed: Future<Output = ()>;

    /// A number that changes whenever calls begin to go to another member. One atomic load.
    fn version(&self) -> u64;

    /// Whether the member that calls go to is under suspicion, with a verdict to come, or a new connection to it is on
    /// its way.
    fn in_doubt(&self) -> bool;

    /// Whether the member that served `version` was left because it had stopped answering, so that nothing in
    /// flight there is worth waiting for (B35).
    fn hung(&self, version: u64) -> bool;

    /// Completes at the next change after this call, even if it is first polled later.
    fn changed(&self) -> Self::Changed;

    /// The member that served `version`, as far as that is known: failed attempts are charged to it.
    fn served_by(&self, _version: u64) -> Option<Availability> {
        None
    }
}

impl Route for () {
    type Changed = Pending<()>;

    fn version(&self) -> u64 {
        0
    }

    fn in_doubt(&self) -> bool {
        false
    }

    fn hung(&self, _version: u64) -> bool {
        false
    }

    fn changed(&self) -> Self::Changed {
        pending()
    }
}
