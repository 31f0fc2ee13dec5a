//! Stories of the weighted failover balance, told from outside, on a paused clock.

#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

mod calls;
mod choice;
mod events;
mod fallback;
mod membership;
mod misconfigured;
mod outage;
mod snapshot;
mod stage;
mod steering;
