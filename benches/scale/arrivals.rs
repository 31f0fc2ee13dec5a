//! What a server saw of a fleet. Pure.

use std::time::Duration;

/// When it was dialled, in any order.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Vec<Duration>);

impl Arrivals {
    pub(crate) fn saw(&mut self, at: Duration) {
        self.0.push(at);
    }

    /// The most in any stretch of this length, wherever it begins.
    pub(crate) fn most_within(&self, length: Duration) -> usize {
        let mut times = self.0.clone();
        times.sort_unstable();
        let mut first = 0;
        let mut most = 0;
        for last in 0..times.len() {
            while times[last] - times[first] >= length {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    pub(crate) fn count_between(&self, from: Duration, to: Duration) -> usize {
        self.0.iter().filter(|at| (from..to).contains(*at)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_is_found_wherever_it_begins() {
        let mut arrivals = Arrivals::default();
        for at in [5000, 100, 900, 1000, 1099, 1100] {
            arrivals.saw(Duration::from_millis(at));
        }
        assert_eq!(arrivals.most_within(Duration::from_secs(1)), 4);
        assert_eq!(arrivals.count_between(Duration::from_millis(900), Duration::from_millis(1100)), 3);
        assert_eq!(Arrivals::default().most_within(Duration::from_secs(1)), 0);
    }
}
