//! Scanning a collection piece by piece while it changes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Cursors stay below this, so that every client can hold them.
const CURSOR_BITS: u32 = 53;

/// The items of one step from `cursor`, and the cursor of the next step, which is zero at the end.
///
/// Items are visited in the order of their hashes and the cursor is the next hash, so an item that is
/// there during the whole scan is seen exactly once, whatever comes and goes meanwhile.
pub(in crate::embedded) fn scan<T>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> &[u8],
    cursor: u64,
    count: usize,
) -> (u64, Vec<T>) {
    let mut due: Vec<(u64, T)> =
        items.map(|item| (place(key(&item)), item)).filter(|(place, _)| *place >= cursor).collect();
    due.sort_by_key(|(place, _)| *place);
    let mut end = count.clamp(1, due.len().max(1)).min(due.len());
    // Those with the same hash cannot be told apart by a cursor.
    while end > 0 && end < due.len() && due[end].0 == due[end - 1].0 {
        end += 1;
    }
    let next = due.get(end).map_or(0, |(place, _)| *place);
    due.truncate(end);
    (next, due.into_iter().map(|(_, item)| item).collect())
}

/// Where an item is in the order of the scan; never zero, which is a cursor's start and end.
fn place(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (hasher.finish() >> (u64::BITS - CURSOR_BITS)).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::scan;

    #[test]
    fn what_stays_is_seen_once_while_the_rest_changes() {
        let mut all: BTreeSet<String> = (0..100).map(|number| format!("key{number}")).collect();
        let (mut cursor, mut seen) = (0, Vec::new());
        loop {
            let (next, items) = scan(all.iter(), |item| item.as_bytes(), cursor, 7);
            seen.extend(items.into_iter().cloned());
            cursor = next;
            if cursor == 0 {
                break;
            }
            all.remove(&format!("key{}", 50 + seen.len() / 7));
            all.insert(format!("new{}", seen.len()));
        }
        for number in 0..50 {
            let key = format!("key{number}");
            assert_eq!(seen.iter().filter(|other| **other == key).count(), 1, "{key}");
        }
        assert_eq!(scan(std::iter::empty::<&String>(), |item| item.as_bytes(), 0, 10), (0, vec![]));
    }
}
