//! Durations as text: a number and a unit, `500ms`, `2s`, `1.5m`, `1h`.

use std::time::Duration;

const UNITS: [(&str, u128); 4] =
    [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

/// Reads one, or else says what is wrong, without the text.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err("it is less than nothing".into());
    }
    let end = text.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err("it is no duration; write a number and its unit, as 500ms, 2s, 5m or 1h".into());
    }
    let unit = unit.trim_start();
    if unit.is_empty() {
        return Err(without_unit(number));
    }
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err("its unit is none of ms, s, m and h; write 500ms, 2s, 5m or 1h".into());
    };
    let nanoseconds = scaled(number, *nanoseconds).ok_or("it is no duration that can be counted")?;
    let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    match (u64::try_from(seconds), u32::try_from(rest)) {
        (Ok(seconds), Ok(rest)) => Ok(Duration::new(seconds, rest)),
        _ => Err("it is too long".into()),
    }
}

/// What to do with a bare number.
pub(super) fn without_unit(number: impl std::fmt::Display) -> String {
    format!("it has no unit; write \"{number}s\" for seconds, \"{number}ms\" for milliseconds")
}

/// A decimal number of units, in whole nanoseconds.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u128 = whole.parse::<u64>().ok()?.into();
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 18)?;
    let fraction: u128 = fraction.parse::<u64>().ok()?.into();
    Some(whole * unit + fraction * unit / 10_u128.pow(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b56_durations_are_numbers_with_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("2s", 2000),
            ("2 s", 2000),
            (" 2m ", 120_000),
            ("1h", 3_600_000),
            ("1.5s", 1500),
            ("0.25m", 15_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("0.5ms"), Ok(Duration::from_micros(500)));
        assert_eq!(parse("0.000000001s"), Ok(Duration::from_nanos(1)));
        assert_eq!(parse("18446744073709551615s"), Ok(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn b56_what_is_no_duration_says_why() {
        for (text, reason) in [
            ("5", "write \"5s\" for seconds"),
            ("0.5", "write \"0.5s\" for seconds"),
            ("", "it is no duration"),
            ("soon", "it is no duration"),
            ("s", "it is no duration"),
            ("-1s", "less than nothing"),
            ("5 minutes", "none of ms, s, m and h"),
            ("5S", "none of ms, s, m and h"),
            ("1m30s", "none of ms, s, m and h"),
            ("1e3s", "none of ms, s, m and h"),
            ("1.2.3s", "no duration that can be counted"),
            (".s", "no duration that can be counted"),
            ("1.s", "no duration that can be counted"),
            ("99999999999999999999s", "no duration that can be counted"),
            ("18446744073709551615h", "too long"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
