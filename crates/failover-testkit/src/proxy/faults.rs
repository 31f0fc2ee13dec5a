//! What is wrong with the network at the moment.

use std::time::Duration;

/// One of the two ways bytes go through a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server: the commands.
    ToServer,
    /// From the server to the client: the replies.
    ToClient,
}

/// A value for each direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Each<T> {
    pub(super) to_server: T,
    pub(super) to_client: T,
}

impl<T> Each<T> {
    pub(super) fn get(&self, direction: Direction) -> &T {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn get_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// The faults in force.
///
/// What happens once to the connections of that moment is a count of connections: it concerns those with
/// a smaller or equal number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) latency: Duration,
    /// Added to the latency, uniformly from nothing to this.
    pub(super) jitter: Duration,
    /// Which share of the segments has to be sent again.
    pub(super) segments_lost: f64,
    pub(super) lost: Each<bool>,
    pub(super) lost_up_to: u64,
    /// Connections with a greater number are lost from their beginning.
    pub(super) lost_after: Option<u64>,
    pub(super) half_closed_up_to: Each<u64>,
    /// Also connections to come.
    pub(super) half_closed: Each<bool>,
    pub(super) reset_up_to: u64,
    /// Also connections to come.
    pub(super) reset: bool,
}

impl Faults {
    /// Whether this connection loses what goes that way.
    pub(super) fn loses(&self, connection: u64, direction: Direction) -> bool {
        *self.lost.get(direction)
            || connection <= self.lost_up_to
            || self.lost_after.is_some_and(|last| connection > last)
    }

    pub(super) fn lose_any(&self) -> bool {
        self.lost.to_server || self.lost.to_client || self.lost_up_to > 0 || self.lost_after.is_some()
    }

    pub(super) fn half_closes(&self, connection: u64, direction: Direction) -> bool {
        *self.half_closed.get(direction) || connection <= *self.half_closed_up_to.get(direction)
    }

    pub(super) fn resets(&self, connection: u64) -> bool {
        self.reset || connection <= self.reset_up_to
    }
}
