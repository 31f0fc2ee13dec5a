//! What a server counted of those who dialled it. Pure.

use std::time::Duration;

/// What the server said at one time. Times count from the story's beginning, dials from the server's last start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// When it said so.
    pub at: Duration,
    /// Dials that became a connection, their TLS handshake included.
    pub accepted: u64,
    /// Dials for which there was no room.
    pub refused: u64,
    /// Connections that there were then.
    pub connected: u64,
}

impl Sample {
    fn dials(&self) -> u64 {
        self.accepted + self.refused
    }
}

/// Samples of one server, in their order.
#[derive(Debug, Clone, Default)]
pub struct Dials(Vec<Sample>);

/// Rates are told of so long a time.
const WINDOW: Duration = Duration::from_secs(1);

impl Dials {
    /// One more sample.
    pub fn saw(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// What was so at this time, as far as it is known.
    #[must_use]
    pub fn at(&self, time: Duration) -> Option<Sample> {
        self.between(Duration::ZERO, time).last().copied()
    }

    /// The most dials in any second that lies between these times.
    #[must_use]
    pub fn peak(&self, since: Duration, until: Duration) -> f64 {
        let samples = self.between(since, until);
        let windows = samples.iter().enumerate().filter_map(|(index, first)| {
            // What is sampled late is told of a longer time.
            let rest = &samples[index..];
            rest.iter().find(|last| last.at - first.at >= WINDOW).map(|last| rate(first, last))
        });
        windows.fold(0.0, f64::max)
    }

    /// Dials in each second between these times.
    #[must_use]
    pub fn mean(&self, since: Duration, until: Duration) -> f64 {
        match self.between(since, until) {
            [first, .., last] => rate(first, last),
            _ => 0.0,
        }
    }

    fn between(&self, since: Duration, until: Duration) -> &[Sample] {
        let begin = self.0.partition_point(|sample| sample.at < since);
        let end = self.0.partition_point(|sample| sample.at <= until);
        &self.0[begin..end.max(begin)]
    }
}

/// Dials in a second; a server that was started in between has counted what came since.
fn rate(first: &Sample, last: &Sample) -> f64 {
    let dials = last.dials().checked_sub(first.dials()).unwrap_or(last.dials());
    dials as f64 / (last.at - first.at).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dials(samples: impl IntoIterator<Item = (u64, u64, u64)>) -> Dials {
        let mut dials = Dials::default();
        for (ms, accepted, refused) in samples {
            dials.saw(Sample { at: Duration::from_millis(ms), accepted, refused, connected: 0 });
        }
        dials
    }

    const ALL: (Duration, Duration) = (Duration::ZERO, Duration::MAX);

    #[test]
    fn the_peak_is_that_of_the_worst_second_wherever_it_begins() {
        let dials = dials([(0, 0, 0), (500, 1, 0), (1000, 10, 20), (1500, 11, 20), (2000, 11, 20)]);
        assert_eq!(dials.peak(ALL.0, ALL.1), 30.0);
        assert_eq!(dials.peak(Duration::from_millis(1000), ALL.1), 1.0);
        assert_eq!(dials.mean(ALL.0, ALL.1), 15.5);
    }

    #[test]
    fn a_late_sample_tells_of_a_longer_time() {
        let dials = dials([(0, 0, 0), (4000, 100, 0)]);
        assert_eq!(dials.peak(ALL.0, ALL.1), 25.0);
    }

    #[test]
    fn a_restarted_server_counts_anew() {
        let dials = dials([(0, 1000, 0), (1000, 40, 2)]);
        assert_eq!(dials.peak(ALL.0, ALL.1), 42.0);
    }

    #[test]
    fn nothing_is_told_of_a_time_without_samples() {
        let dials = dials([(0, 0, 0), (1000, 40, 2)]);
        assert_eq!(dials.peak(Duration::from_millis(1), ALL.1), 0.0);
        assert_eq!(dials.mean(Duration::from_secs(2), Duration::from_secs(1)), 0.0);
        assert_eq!(dials.at(Duration::from_millis(999)).unwrap().accepted, 0);
        assert_eq!(Dials::default().at(ALL.1), None);
    }
}
