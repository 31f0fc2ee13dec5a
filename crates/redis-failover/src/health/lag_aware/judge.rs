//! What the answers mean: pure.

use std::{fmt, time::Duration};

use serde_json::Value;
use tower_failover::{Health, availability::Evidence};

/// An answer of the API.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// What it says of a database.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Available,
    /// Behind, or not available at all: in the API's own words, if it has any.
    Behind(Option<String>),
}

/// Why nothing could be found out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RestError {
    Unreachable(String),
    /// The certificate or ours is not trusted; the text says what to do.
    Untrusted(String),
    TimedOut(Duration),
    TooLarge,
    Refused(u16),
    NoSuchDatabase,
    Status(u16),
    Malformed(String),
    NoMatch,
    AmbiguousMatch,
}

/// The list of databases.
pub(super) fn listed(answer: Answer) -> Result<Vec<Value>, RestError> {
    if answer.status != 200 {
        return Err(unexpected(answer.status));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Array(databases)) => Ok(databases),
        Ok(_) => Err(RestError::Malformed("it is no list of databases".into())),
        Err(error) => Err(RestError::Malformed(error.to_string())),
    }
}

/// How a database is.
pub(super) fn available(answer: &Answer) -> Result<Said, RestError> {
    match answer.status {
        200 => Ok(Said::Available),
        503 => Ok(Said::Behind(reason(&answer.body))),
        404 => Err(RestError::NoSuchDatabase),
        status => Err(unexpected(status)),
    }
}

fn unexpected(status: u16) -> RestError {
    if matches!(status, 401 | 403) { RestError::Refused(status) } else { RestError::Status(status) }
}

fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body.get("error_code").and_then(Value::as_str)?;
    // It goes into logs: a word is enough.
    let word = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word.then(|| code.to_owned())
}

/// The verdict (B27): whatever is not known evicts nothing.
pub(super) fn health(said: Result<Said, RestError>, fallback_only: bool, place: &str) -> Health {
    let behind = |reason: Option<String>| match reason {
        Some(reason) => format!("its rest api says {reason}"),
        None => "its rest api says that it is not available, or too far behind".to_owned(),
    };
    match said {
        Ok(Said::Available) => Health::Healthy,
        Ok(Said::Behind(reason)) if fallback_only => Health::NotPreferred(behind(reason).into()),
        Ok(Said::Behind(reason)) => Health::Unhealthy(Evidence::Lagging(behind(reason).into())),
        Err(error) => Health::Unknown(format!("rest api at {place}: {error}").into()),
    }
}

impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "cannot be reached: {why}"),
            Self::Untrusted(advice) => write!(f, "tls failed: {advice}"),
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Self::TooLarge => f.write_str("the answer is too large; is this the api?"),
            Self::Refused(status) => {
                write!(f, "status {status}; check auth_basic, and that the user may view databases")
            }
            Self::NoSuchDatabase => f.write_str("the database it lists is unknown to it"),
            Self::Status(status @ 300..400) => {
                write!(f, "status {status}; let health_check_url lead to where it redirects")
            }
            Self::Status(status) => write!(f, "status {status}"),
            Self::Malformed(why) => write!(f, "the answer is not what it should be ({why}); is this the api?"),
            Self::NoMatch => {
                f.write_str("no database of the cluster has this endpoint; check health_check_url and the database's host")
            }
            Self::AmbiguousMatch => f.write_str(
                "several databases of the cluster have this endpoint; dial the database by its endpoint's name",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.into() }
    }

    fn verdict(status: u16, body: &str, fallback_only: bool) -> Health {
        health(available(&answer(status, body)), fallback_only, "https://api")
    }

    #[test]
    fn b27_a_database_that_is_behind_is_unhealthy_or_not_preferred() {
        let body = r#"{"error_code":"bdb_lagging"}"#;
        let said = "its rest api says bdb_lagging";
        assert_eq!(verdict(503, body, false), Health::Unhealthy(Evidence::Lagging(said.into())));
        assert_eq!(verdict(503, body, true), Health::NotPreferred(said.into()));
        for odd in ["", "no json", "[]", r#"{"error_code":"<script>\n"}"#, r#"{"error_code":3}"#] {
            match verdict(503, odd, false) {
                Health::Unhealthy(Evidence::Lagging(said)) => {
                    assert!(said.contains("not available, or too far"), "{said}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn b25_only_200_passes() {
        assert_eq!(verdict(200, "", false), Health::Healthy);
        for status in [201, 204, 301, 307, 400, 401, 403, 404, 429, 500, 502, 504] {
            for fallback_only in [false, true] {
                let health = verdict(status, "", fallback_only);
                assert!(matches!(health, Health::Unknown(_)), "{status}: {health:?}");
            }
        }
    }

    #[test]
    fn b27_a_list_that_cannot_be_had_says_nothing_of_the_database() {
        for (status, body) in
            [(503, "[]"), (401, "[]"), (200, "{}"), (200, "["), (200, "\u{0}"), (200, &"[".repeat(100_000))]
        {
            let error = listed(answer(status, body)).unwrap_err();
            assert!(matches!(health(Err(error), false, "https://api"), Health::Unknown(_)));
        }
        assert_eq!(listed(answer(200, "[]")), Ok(vec![]));
    }
}
