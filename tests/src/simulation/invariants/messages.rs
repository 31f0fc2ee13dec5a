//! After a gap marker comes nothing of the former database, and without one nothing is missing.

use std::collections::BTreeMap;

use super::{Findings, Told};
use crate::simulation::history::{Item, What};

/// Where a reader is.
#[derive(Default)]
struct Place {
    /// Whose messages it reads.
    server: Option<usize>,
    /// The last number it has read since the last gap, or the last report of dropped ones.
    last: Option<u64>,
}

/// Follows each reader. Servers number what they publish, one after the other, whatever becomes of them.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut places: BTreeMap<usize, Place> = BTreeMap::new();
    for record in told.records {
        let What::Read(reader, item) = &record.what else { continue };
        let place = places.entry(*reader).or_default();
        match item {
            Item::Gap(from, to) => {
                let was = place.server.unwrap_or(*from);
                findings.expect(was == *from, record.at, || {
                    format!("reader {reader} read a gap from {from}, after messages of {was}")
                });
                *place = Place { server: Some(*to), last: None };
            }
            Item::Lagged(_) => place.last = None,
            Item::Message(server, number) => {
                let at = *place.server.get_or_insert(*server);
                findings.expect(at == *server, record.at, || {
                    format!("reader {reader} read message {number} of {server}, where it was to read of {at}")
                });
                let expected = place.last.map_or(*number, |last| last + 1);
                findings.expect(expected == *number, record.at, || {
                    format!(
                        "reader {reader} read message {number} of {server}, and no gap, but not {expected}"
                    )
                });
                place.last = Some(*number);
            }
            Item::Foreign(item) => {
                findings
                    .expect(false, record.at, || format!("reader {reader} read what nobody sent: {item}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};

    fn read(items: impl IntoIterator<Item = Item>) -> usize {
        broken(check, items.into_iter().map(|item| (0, What::Read(0, item)))).len()
    }

    #[test]
    fn numbers_follow_each_other_between_gaps() {
        use Item::{Gap, Lagged, Message};
        assert_eq!(read([Message(0, 7), Message(0, 8), Gap(0, 1), Message(1, 70), Message(1, 71)]), 0);
        assert_eq!(read([Message(0, 7), Gap(0, 0), Message(0, 9), Lagged(3), Message(0, 13)]), 0);
        assert_eq!(read([Message(0, 7), Message(0, 9)]), 1, "a gap that is not marked");
        assert_eq!(read([Message(0, 7), Gap(0, 1), Message(0, 8)]), 1, "an old message after the gap");
        assert_eq!(read([Message(0, 7), Message(1, 8)]), 1, "another database without a gap");
        assert_eq!(read([Message(0, 7), Gap(1, 0)]), 1, "a gap that begins elsewhere");
        assert_eq!(read([Item::Foreign("hello".into())]), 1);
    }
}
