//! How often people are told of one member's trouble. Pure.

use tokio::time::{Duration, Instant};

/// From one line on a member to the next, however often it comes and goes (B51).
const INTERVAL: Duration = Duration::from_secs(60);

/// When one member was last told of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reminder {
    told_at: Option<Instant>,
}

impl Reminder {
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next_at().is_none_or(|at| at <= now)
    }

    /// `None` if it was never told of: then it is due as soon as there is something to tell.
    pub(super) fn next_at(&self) -> Option<Instant> {
        Some(self.told_at? + INTERVAL)
    }

    pub(super) fn told(&mut self, now: Instant) {
        self.told_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b51_one_line_a_minute_is_enough() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut reminder = Reminder::default();
        let lines: Vec<_> = (0..=150)
            .filter(|&second| {
                let due = reminder.is_due(at(second));
                if due {
                    reminder.told(at(second));
                }
                due
            })
            .collect();
        assert_eq!(lines, [0, 60, 120]);
    }
}
