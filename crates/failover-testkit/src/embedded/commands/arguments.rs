//! Reading arguments.

use std::time::Duration;

use super::Refusal;
use crate::embedded::glob;

pub(super) fn integer(argument: &[u8]) -> Result<i64, Refusal> {
    std::str::from_utf8(argument)
        .ok()
        .filter(|text| !text.starts_with('+'))
        .and_then(|text| text.parse().ok())
        .ok_or(Refusal::NOT_AN_INTEGER)
}

/// A whole number that is not negative.
pub(super) fn count(argument: &[u8]) -> Result<usize, Refusal> {
    usize::try_from(integer(argument)?).map_err(|_| Refusal::NOT_AN_INTEGER)
}

/// A time in seconds, with fractions; none is zero, which means for ever.
pub(super) fn timeout(argument: &[u8]) -> Result<Option<Duration>, Refusal> {
    let seconds: f64 = std::str::from_utf8(argument)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Refusal::fixed("ERR timeout is not a float or out of range"))?;
    if seconds < 0.0 {
        return Err(Refusal::fixed("ERR timeout is negative"));
    }
    let timeout = Duration::try_from_secs_f64(seconds)
        .map_err(|_| Refusal::fixed("ERR timeout is not a float or out of range"))?;
    Ok(Some(timeout).filter(|timeout| !timeout.is_zero()))
}

/// Whether an argument is this word, in either case.
pub(super) fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

/// An argument in lower case, to be compared with words.
pub(super) fn word(argument: &[u8]) -> String {
    String::from_utf8_lossy(argument).to_ascii_lowercase()
}

/// The arguments of SCAN, SSCAN and HSCAN.
pub(super) struct ScanOptions<'a> {
    pub(super) cursor: u64,
    pub(super) count: usize,
    pattern: Option<&'a [u8]>,
    pub(super) type_name: Option<String>,
}

impl<'a> ScanOptions<'a> {
    pub(super) fn read(arguments: &'a [Vec<u8>]) -> Result<Self, Refusal> {
        let [cursor, options @ ..] = arguments else { return Err(Refusal::SYNTAX) };
        let cursor = std::str::from_utf8(cursor)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or(Refusal::fixed("ERR invalid cursor"))?;
        let mut read = Self { cursor, count: 10, pattern: None, type_name: None };
        for option in options.chunks(2) {
            match option {
                [name, pattern] if is(name, "match") => read.pattern = Some(pattern),
                [name, number] if is(name, "count") => read.count = count(number)?,
                [name, type_name] if is(name, "type") => read.type_name = Some(word(type_name)),
                _ => return Err(Refusal::SYNTAX),
            }
        }
        if read.count == 0 {
            return Err(Refusal::SYNTAX);
        }
        Ok(read)
    }

    pub(super) fn matches(&self, key: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, key))
    }
}
