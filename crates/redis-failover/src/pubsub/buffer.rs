//! What waits to be read, within its limits. Plain and synchronous.

use std::collections::VecDeque;

use tokio::time::Instant;
use tower_failover::event::Name;

use super::PubSubItem;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

/// Keeps the newest items. Of the older ones it remembers how many messages there were, and the gap among them.
pub(super) struct Buffer {
    limits: Limits,
    items: VecDeque<(Instant, PubSubItem)>,
    bytes: usize,
    /// Messages dropped before the first item, and when the last of them came.
    dropped: Option<(u64, Instant)>,
    /// The gap among the dropped; several in a row are one.
    gap: Option<(Name, Name)>,
}

impl Buffer {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, items: VecDeque::new(), bytes: 0, dropped: None, gap: None }
    }

    pub(super) fn push(&mut self, now: Instant, item: PubSubItem) {
        self.bytes += item.size();
        self.items.push_back((now, item));
        // The newest one stays, however large it is.
        while self.items.len() > 1 && (self.items.len() > self.limits.items || self.bytes > self.limits.bytes)
        {
            self.drop_oldest();
        }
    }

    /// The next item: first what is known of the dropped ones.
    pub(super) fn pop(&mut self) -> Option<PubSubItem> {
        if let Some((dropped, _)) = self.dropped.take() {
            return Some(PubSubItem::Lagged(dropped));
        }
        if let Some((from, to)) = self.gap.take() {
            return Some(PubSubItem::Gap { from, to });
        }
        self.take_oldest().map(|(_, item)| item)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Forgets what came before `time`, as if it had never come.
    pub(super) fn forget_before(&mut self, time: Instant) {
        while self.items.front().is_some_and(|(at, _)| *at < time) {
            self.take_oldest();
        }
        self.dropped.take_if(|(_, last)| *last < time);
    }

    fn drop_oldest(&mut self) {
        let Some((at, item)) = self.take_oldest() else { return };
        let dropped = match item {
            PubSubItem::Message(_) => 1,
            PubSubItem::Lagged(count) => count,
            PubSubItem::Gap { from, to } => {
                let first = self.gap.take().map_or(from, |(first, _)| first);
                self.gap = Some((first, to));
                return;
            }
        };
        let before = self.dropped.map_or(0, |(count, _)| count);
        self.dropped = Some((before + dropped, at));
    }

    fn take_oldest(&mut self) -> Option<(Instant, PubSubItem)> {
        let (at, item) = self.items.pop_front()?;
        self.bytes -= item.size();
        Some((at, item))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pubsub::tests::{gap, message, shown};

    const AMPLE: Limits = Limits { items: 1000, bytes: 1 << 20 };

    fn drain(mut buffer: Buffer) -> Vec<String> {
        std::iter::from_fn(|| buffer.pop()).map(|item| shown(&item)).collect()
    }

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let now = Instant::now();
        let mut buffer = Buffer::new(AMPLE);
        buffer.push(now, message("1"));
        buffer.push(now, gap("london", "paris"));
        buffer.push(now, message("2"));
        assert_eq!(drain(buffer), ["1", "london > paris", "2"]);
    }

    #[test]
    fn b45_a_slow_reader_loses_the_oldest_and_is_told_how_many() {
        let now = Instant::now();
        let mut buffer = Buffer::new(Limits { items: 3, ..AMPLE });
        for number in 1..=5 {
            buffer.push(now, message(&number.to_string()));
        }
        assert_eq!(drain(buffer), ["lagged 2", "3", "4", "5"]);
    }

    #[test]
    fn b45_no_gap_is_dropped() {
        let now = Instant::now();
        let mut buffer = Buffer::new(Limits { items: 2, ..AMPLE });
        for item in [
            message("1"),
            gap("london", "paris"),
            message("2"),
            gap("paris", "rome"),
            message("3"),
            message("4"),
            message("5"),
        ] {
            buffer.push(now, item);
        }
        assert_eq!(drain(buffer), ["lagged 3", "london > rome", "4", "5"]);
    }

    #[test]
    fn b45_large_messages_are_bounded_by_their_bytes() {
        let now = Instant::now();
        let mut buffer = Buffer::new(Limits { bytes: 10_000, ..AMPLE });
        for _ in 0..10 {
            buffer.push(now, message(&"x".repeat(4000)));
        }
        assert!(buffer.bytes <= 10_000);
        assert_eq!(drain(buffer).len(), 3, "two messages, and what is said of the others");

        let mut buffer = Buffer::new(Limits { bytes: 10_000, ..AMPLE });
        buffer.push(now, message(&"x".repeat(20_000)));
        assert_eq!(drain(buffer).len(), 1, "one is kept, however large");
    }

    #[test]
    fn b46_what_came_before_a_time_can_be_forgotten() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let held = |limit| {
            let mut buffer = Buffer::new(Limits { items: limit, ..AMPLE });
            for (at, text) in [(0, "1"), (10, "2"), (20, "3"), (30, "4")] {
                buffer.push(after(at), message(text));
            }
            buffer
        };
        let mut ample = held(10);
        ample.forget_before(after(20));
        assert_eq!(drain(ample), ["3", "4"]);

        let mut tight = held(2);
        tight.forget_before(after(15));
        assert_eq!(drain(tight), ["3", "4"], "those dropped were older");
        let mut tight = held(2);
        tight.forget_before(after(10));
        assert_eq!(drain(tight), ["lagged 2", "3", "4"], "the last one dropped was not");
    }
}
