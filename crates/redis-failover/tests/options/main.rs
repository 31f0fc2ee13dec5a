//! Options show in behaviour: for all databases or for one. The databases are services, and the clock is paused.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod acceptance;
mod connections;
mod detection;
mod fake;
mod health;
mod own_service;
mod retries;
mod steering;
mod unserviceable;
