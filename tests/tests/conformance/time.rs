//! Durations as people write them: `250ms`, `5s`, `2m`, `1h`; and `off` where a limit may be missing.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// Long enough for whatever is switched off.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A duration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

/// A duration, or `off`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(pub(crate) Option<Duration>);

impl Limit {
    pub(crate) fn or_never(self) -> Duration {
        self.0.unwrap_or(NEVER)
    }
}

pub(crate) fn parse(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| !letter.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let millis = match &text[unit..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return None,
    };
    Some(Duration::from_millis(number * millis))
}

pub(crate) fn write(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no duration, as 5s or 250ms is")))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self(None));
        }
        let time = parse(&text).map(|time| Self(Some(time)));
        time.ok_or_else(|| {
            D::Error::custom(format!("`{text}` is neither a duration, as 5s or 250ms is, nor off"))
        })
    }
}
