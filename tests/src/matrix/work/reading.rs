//! Reads and scans of what was there before.

use std::collections::HashSet;

use redis_failover::{Error, MultiDbClient};

use super::told;
use crate::NAMES;
use crate::matrix::Journal;
use crate::matrix::journal::{Answer, Place};

/// How many keys are there for reads, and as many for scans.
pub(crate) const KEPT: u64 = 200;

/// How many keys a server looks at for a page.
const PAGE: usize = 500;

/// A key for reads; its value is [`kept`].
#[must_use]
pub(crate) fn read_key(number: u64) -> String {
    format!("read:{number}")
}

/// A key for scans, which says where it is.
#[must_use]
pub(crate) fn kept(place: Place, number: u64) -> String {
    format!("kept:{}:{number}", NAMES[place])
}

/// Where such a key is, and its number.
fn is_kept(key: &str) -> Option<(Place, u64)> {
    let (name, number) = key.strip_prefix("kept:")?.split_once(':')?;
    Some((NAMES.iter().position(|there| *there == name)?, number.parse().ok()?))
}

pub(super) async fn read(
    client: &mut MultiDbClient,
    journal: &Journal,
    number: u64,
) -> Result<Answer, Error> {
    let number = number % KEPT;
    let value: Option<String> =
        redis::cmd("GET").arg(read_key(number)).query_async(client).await.map_err(told)?;
    match value.as_deref().and_then(is_kept) {
        Some((place, of)) if of == number => Ok(Answer::from(place)),
        _ => {
            journal.is_wrong(format!("the value of {} is {value:?}", read_key(number)));
            Ok(Answer::default())
        }
    }
}

/// A scan on its way.
#[derive(Debug, Default)]
pub(super) struct Scan {
    cursor: u64,
    found: HashSet<(Place, u64)>,
}

impl Scan {
    /// One page; after the last, the first of a new scan.
    pub(super) async fn next_page(
        &mut self,
        client: &mut MultiDbClient,
        journal: &Journal,
    ) -> Result<Answer, Error> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(self.cursor).arg("MATCH").arg("kept:*").arg("COUNT").arg(PAGE);
        let (cursor, keys): (u64, Vec<String>) = match scan.query_async(client).await.map_err(told) {
            Err(Error::ScanInterrupted) => {
                *self = Self::default();
                return Err(Error::ScanInterrupted);
            }
            page => page?,
        };
        let found: Vec<_> = keys.iter().filter_map(|key| is_kept(key)).collect();
        self.found.extend(&found);
        self.cursor = cursor;
        if cursor == 0 {
            let places: HashSet<Place> = self.found.iter().map(|(place, _)| *place).collect();
            if places.len() != 1 || self.found.len() as u64 != KEPT {
                journal.is_wrong(format!("a scan found {} of {KEPT} keys at {places:?}", self.found.len()));
            }
            self.found.clear();
        }
        Ok(found.first().map_or(Answer::default(), |(place, _)| Answer::from(*place)))
    }
}
