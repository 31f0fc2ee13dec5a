//! redis-rs's own kinds of use, unchanged. Each is a function of any connection of redis-rs; a plain one and the client
//! run it on empty servers, over both protocols, and they must be answered alike.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod alike;
mod collections;
mod commands;
mod failover;
mod pipelines;
mod scans;
mod scripts;
mod streams;
mod values;

pub(crate) use alike::{Answers, PROTOCOLS, Stage, answers, same_answers};
