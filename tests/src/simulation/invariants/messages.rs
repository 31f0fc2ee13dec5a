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
