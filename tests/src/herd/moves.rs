//! Where the clients of a herd were, and when. Pure.

use std::time::Duration;

/// Where a client's calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To the primary.
    Primary,
    /// To the secondary.
    Secondary,
    /// Nowhere: it has not begun, or no database is available.
    Nowhere,
}

/// The moves of a number of clients, in the order in which they were told. Times count from the story's beginning.
#[derive(Debug, Clone)]
pub struct Moves {
    clients: usize,
    all: Vec<Move>,
}

#[derive(Debug, Clone, Copy)]
struct Move {
    at: Duration,
    client: usize,
    to: Place,
}

impl Moves {
    /// So many clients, all of them nowhere.
    #[must_use]
    pub fn new(clients: usize) -> Self {
        Self { clients, all: Vec::new() }
    }

    /// A client's calls go there from now on.
    pub fn went(&mut self, at: Duration, client: usize, to: Place) {
        self.all.push(Move { at, client, to });
    }

    /// How many are there.
    #[must_use]
    pub fn count_at(&self, place: Place) -> usize {
        let mut places = vec![Place::Nowhere; self.clients];
        for step in &self.all {
            places[step.client] = step.to;
        }
        places.iter().filter(|at| **at == place).count()
    }

    /// When the last of all moves was; the beginning, if there was none.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.all.iter().map(|step| step.at).max().unwrap_or_default()
    }

    /// How often a client that was at the primary left it since then.
    #[must_use]
    pub fn left_primary_since(&self, since: Duration) -> usize {
        let mut places = vec![Place::Nowhere; self.clients];
        let mut left = 0;
        for step in &self.all {
            let from = std::mem::replace(&mut places[step.client], step.to);
            left += usize::from(step.at >= since && from == Place::Primary && step.to != Place::Primary);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_client_is_where_it_went_last() {
        let mut moves = Moves::new(3);
        moves.went(SECOND, 0, Place::Primary);
        moves.went(SECOND, 1, Place::Primary);
        moves.went(SECOND * 2, 0, Place::Secondary);
        let places = [Place::Primary, Place::Secondary, Place::Nowhere];
        assert_eq!(places.map(|place| moves.count_at(place)), [1, 1, 1]);
        assert_eq!(moves.last(), SECOND * 2);
    }

    #[test]
    fn whoever_leaves_the_primary_later_on_is_counted_each_time() {
        let mut moves = Moves::new(2);
        for (second, client, to) in [
            (0, 0, Place::Primary),
            (0, 1, Place::Primary),
            (1, 0, Place::Secondary),
            (2, 0, Place::Primary),
            (3, 0, Place::Nowhere),
            (4, 0, Place::Secondary),
            (5, 0, Place::Primary),
            (6, 0, Place::Secondary),
        ] {
            moves.went(SECOND * second, client, to);
        }
        assert_eq!(moves.left_primary_since(Duration::ZERO), 3);
        assert_eq!(moves.left_primary_since(SECOND * 2), 2);
        assert_eq!(moves.left_primary_since(SECOND * 7), 0);
    }
}
