//! What callers saw of a fault, call by call.

use serde_json::Value;

use crate::report::{Line, highest};

/// A call that takes longer is an error, whatever comes of it.
pub(super) const LIMIT: f64 = 2.0;

/// One call; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Call {
    /// Since the fault: negative before it.
    pub(super) began: f64,
    pub(super) took: f64,
    pub(super) end: End,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The secondary answered, and no other server.
    BySecondary,
    /// Some server answered.
    Answered,
    /// A command that may be repeated failed.
    Failed,
    /// An increment failed that may have been applied.
    InDoubt,
}

/// What all callers together saw; times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    /// From the fault to the first success that the secondary completed.
    pub(super) failover: f64,
    /// How many commands that may be repeated failed, or took too long.
    pub(super) errors: f64,
    /// The call that took longest.
    pub(super) slowest: f64,
}

impl Seen {
    /// `None` if the secondary answered nobody.
    pub(super) fn of(calls: &[Call]) -> Option<Self> {
        let by_secondary = calls.iter().filter(|call| call.end == End::BySecondary);
        let first = by_secondary.map(|call| call.began + call.took).reduce(f64::min)?;
        let errors = calls.iter().filter(|call| call.is_error()).count();
        let slowest = calls.iter().map(|call| call.took).fold(0.0, f64::max);
        Some(Self { failover: first * 1000.0, errors: errors as f64, slowest: slowest * 1000.0 })
    }
}

impl Call {
    /// As a script tells it: when it began by the machine's monotonic clock, how long it took, and how it ended.
    pub(super) fn told(call: &Value, broken: f64) -> Option<Self> {
        let end = match call[2].as_str()? {
            "secondary" => End::BySecondary,
            "answered" => End::Answered,
            "in doubt" => End::InDoubt,
            _ => End::Failed,
        };
        Some(Self { began: call[0].as_f64()? - broken, took: call[1].as_f64()?, end })
    }

    fn is_error(&self) -> bool {
        self.end == End::Failed || self.took > LIMIT
    }
}

/// How long calls took, over the time since the fault: those that were answered, and those that were not.
pub(super) fn lines(label: &str, calls: &[Call]) -> [Line; 2] {
    let line = |failed: bool| {
        let shown = calls
            .iter()
            .filter(|call| call.began >= -0.5 && matches!(call.end, End::Failed | End::InDoubt) == failed);
        let points = highest(shown.map(|call| (call.began, call.took * 1000.0)), 0.01);
        Line { failed, ..Line::new(label, points) }
    };
    [line(false), line(true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(began: f64, took: f64, end: End) -> Call {
        Call { began, took, end }
    }

    #[test]
    fn the_first_success_of_the_secondary_counts_when_it_is_completed() {
        let calls = [
            call(-0.001, 0.0005, End::Answered),
            call(-0.0005, 0.006, End::BySecondary),
            call(0.002, 0.002, End::BySecondary),
        ];
        let seen = Seen::of(&calls).unwrap();
        assert_eq!((seen.failover, seen.errors, seen.slowest), (4.0, 0.0, 6.0));
    }

    #[test]
    fn whoever_stays_with_the_primary_has_not_failed_over() {
        assert_eq!(Seen::of(&[call(1.0, 0.001, End::Answered)]), None);
    }

    #[test]
    fn errors_are_failures_of_what_may_be_repeated_and_calls_that_take_too_long() {
        let calls =
            [call(0.0, 0.1, End::Failed), call(0.0, 0.1, End::InDoubt), call(0.0, 2.1, End::BySecondary)];
        assert_eq!(Seen::of(&calls).unwrap().errors, 2.0);
    }

    #[test]
    fn a_script_tells_calls_by_the_clock() {
        let told = serde_json::json!([101.5, 0.25, "in doubt"]);
        assert_eq!(Call::told(&told, 101.0), Some(call(0.5, 0.25, End::InDoubt)));
        assert_eq!(Call::told(&serde_json::json!([101.5]), 101.0), None);
    }

    #[test]
    fn failed_calls_have_a_line_of_their_own() {
        let calls = [
            call(-0.6, 0.001, End::Answered),
            call(0.001, 0.002, End::Answered),
            call(0.002, 0.003, End::InDoubt),
        ];
        let [answered, failed] = lines("ours", &calls);
        assert_eq!((answered.points, failed.points), (vec![(0.001, 2.0)], vec![(0.002, 3.0)]));
    }
}
