//! The handle by which people look and steer.

use std::time::Duration;

use tower_failover::balance::{ManageError, Snapshot, Weight};

use super::background::may_wait;
use super::park;
use crate::error::Error;

/// The blocking form of [`tower_failover::FailoverHandle`]: each order waits until it is carried out, or refused with
/// [`Error::Manage`].
///
/// ```no_run
/// use std::time::Duration;
///
/// # fn run(client: redis_failover::blocking::MultiDbClient) -> Result<(), Box<dyn std::error::Error>> {
/// let handle = client.handle().ok_or("not started")?;
/// handle.drain("eu-west", Some(Duration::from_secs(600)))?; // Calls in flight finish.
/// handle.undrain("eu-west")?;
/// handle.set_active("us-east", None)?; // Asks it first, and stays there while it can.
/// handle.release_choice()?;
/// handle.trip("us-east", Duration::from_secs(30))?; // As if it had failed.
/// # Ok(()) }
/// ```
///
/// # Clone
/// Clones steer the same client, and do not keep it: once it is closed or dropped, orders answer
/// [`Error::Closed`].
#[derive(Debug, Clone)]
pub struct FailoverHandle(tower_failover::FailoverHandle);

impl FailoverHandle {
    pub(super) fn new(handle: tower_failover::FailoverHandle) -> Self {
        Self(handle)
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    /// See [`FailoverHandle::set_active`](tower_failover::FailoverHandle::set_active).
    ///
    /// # Errors
    /// [`Error::Manage`] as the handle's own; [`Error::Closed`] and [`Error::WouldDeadlock`].
    pub fn set_active(&self, member: &str, limit: Option<Duration>) -> Result<(), Error> {
        wait(self.0.set_active(member, limit))
    }

    /// See [`FailoverHandle::force_active`](tower_failover::FailoverHandle::force_active).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn force_active(&self, member: &str, limit: Option<Duration>) -> Result<(), Error> {
        wait(self.0.force_active(member, limit))
    }

    /// See [`FailoverHandle::release_choice`](tower_failover::FailoverHandle::release_choice).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn release_choice(&self) -> Result<(), Error> {
        wait(self.0.release_choice())
    }

    /// See [`FailoverHandle::drain`](tower_failover::FailoverHandle::drain).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn drain(&self, member: &str, limit: Option<Duration>) -> Result<(), Error> {
        wait(self.0.drain(member, limit))
    }

    /// See [`FailoverHandle::undrain`](tower_failover::FailoverHandle::undrain).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn undrain(&self, member: &str) -> Result<(), Error> {
        wait(self.0.undrain(member))
    }

    /// See [`FailoverHandle::trip`](tower_failover::FailoverHandle::trip).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn trip(&self, member: &str, limit: Duration) -> Result<(), Error> {
        wait(self.0.trip(member, limit))
    }

    /// See [`FailoverHandle::force_open`](tower_failover::FailoverHandle::force_open).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn force_open(&self, member: &str) -> Result<(), Error> {
        wait(self.0.force_open(member))
    }

    /// See [`FailoverHandle::release`](tower_failover::FailoverHandle::release).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn release(&self, member: &str) -> Result<(), Error> {
        wait(self.0.release(member))
    }

    /// See [`FailoverHandle::set_weight`](tower_failover::FailoverHandle::set_weight).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn set_weight(&self, member: &str, weight: Weight) -> Result<(), Error> {
        wait(self.0.set_weight(member, weight))
    }

    /// See [`FailoverHandle::remove`](tower_failover::FailoverHandle::remove).
    ///
    /// # Errors
    /// As [`set_active`](Self::set_active).
    pub fn remove(&self, member: &str) -> Result<(), Error> {
        wait(self.0.remove(member))
    }
}

fn wait(order: impl Future<Output = Result<(), ManageError>>) -> Result<(), Error> {
    may_wait()?;
    Ok(park::block_on(order)?)
}
