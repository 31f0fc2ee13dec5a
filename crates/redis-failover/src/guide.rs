//! The guide: what those who build with this crate, and those who are woken by it, want to know. One page each.
//!
//! To understand it:
//!
//! - [`concepts`]: the words, and what happens when a database dies
//! - [`databases`]: servers, clusters, Sentinel, services of one's own; URLs and TLS
//! - [`health_checks`]: which check for what, how strict, at what price
//! - [`failure_detection`]: what counts as a failure, and when a database is suspected
//! - [`failover`]: who is chosen, when it is returned to, and what happens when nobody is left
//! - [`retries`]: what is repeated, and what may have happened twice
//! - [`pubsub`]: messages across a switch
//! - [`transactions`]: pipelines, transactions, blocking commands, cursors
//! - [`layers`]: stacks of one's own, with Redis and without
//!
//! To run it:
//!
//! - [`configuration`]: every key of a file, and of the environment
//! - [`observation`]: every event, log line and metric, a board and alerts, and what to do about them
//! - [`best_practices`]
//! - [`what_you_may_lose`]: locks, counters, acknowledged writes
//! - [`runbooks`]: a region lost, maintenance, a changed password, a promotion, everything down
//! - [`troubleshooting`]: from what you see to what it is
//!
//! To come to it:
//!
//! - [`from_redis_rs`]: from a plain redis-rs client
//! - [`from_redis_py`]: from redis-py's `MultiDBClient`, and a word on Jedis and Lettuce
//! - [`redis_py_line_by_line`]: each feature, option and sentence of redis-py's document, what it is here, and the tests
//!   that show it
//!
//! And what B1, B2, … stand for, in documentation and tests: [`rules`].

/// A page for each file in `docs`.
macro_rules! pages {
    ($($page:ident)*) => {
        $(
            pub mod $page {
                #![doc = include_str!(concat!("../docs/", stringify!($page), ".md"))]

                #[cfg(doc)]
                #[allow(unused_imports, reason = "no page links to everything")]
                use super::names::*;
            }
        )*
    };
}

pages! {
    concepts databases health_checks failure_detection failover retries pubsub transactions layers
    configuration observation best_practices what_you_may_lose runbooks troubleshooting
    from_redis_rs from_redis_py redis_py_line_by_line rules
}

/// What the pages link to by its name alone.
#[cfg(doc)]
mod names {
    pub(super) use tower_failover::health::{HealthyAll, HealthyAny, HealthyMajority, Policy};

    pub(super) use crate::classify::ReplyClass;
    pub(super) use crate::health::Prober;
    pub(super) use crate::reply::Reply;
    pub(super) use crate::*;
}
