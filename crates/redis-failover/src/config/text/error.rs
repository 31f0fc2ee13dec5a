use std::error::Error;
use std::{fmt, io, sync::Arc};

use super::Place;
use super::tree::Node;
use crate::config::ConfigError;

/// A setting in a text, a file or the environment that cannot be used: where it stands, whose it is, and what is wrong.
/// Of its value, nothing is shown but numbers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SettingError {
    /// Where it stands.
    pub place: Place,
    /// Which database it concerns, by name, else by address, else by its place in the list.
    pub database: Option<String>,
    /// Its key, with those of the tables around it: `tls.ca_file`.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read.
    Unreadable(ReadError),
    /// The text is not TOML.
    Syntax(String),
    /// There is no such key; with what was probably meant.
    UnknownKey(Option<String>),
    /// The value is of the wrong type, has the wrong unit, or is none of the words that may stand there.
    Value(String),
    /// Something is missing.
    Missing(String),
    /// It contradicts another setting.
    Contradiction(String),
    /// It was understood, and cannot be used.
    Refused(Box<ConfigError>),
}

/// Why a file cannot be read.
#[derive(Debug, Clone)]
pub struct ReadError(Arc<io::Error>);

/// Small enough to be handed on.
pub(super) type Fault = Box<SettingError>;

impl SettingError {
    pub(super) fn new(place: &Place, problem: Problem) -> Fault {
        Box::new(Self { place: place.clone(), database: None, key: None, problem })
    }

    pub(super) fn value(place: &Place, reason: impl Into<String>) -> Fault {
        Self::new(place, Problem::Value(reason.into()))
    }

    /// What stands under this key does not go with another setting.
    pub(super) fn contradiction(node: &Node, key: &str, reason: impl Into<String>) -> Fault {
        Self::new(node.place_of(key), Problem::Contradiction(reason.into())).under(key)
    }

    pub(super) fn refused(place: &Place, error: ConfigError) -> Fault {
        Self::new(place, Problem::Refused(Box::new(error)))
    }

    /// The same, under this key of a table. What is of a database needs no key of the list in which that is.
    pub(super) fn under(mut self: Box<Self>, key: &str) -> Fault {
        if self.database.is_some() {
            return self;
        }
        let shown = shown(key);
        self.key = Some(match self.key {
            Some(inner) => format!("{shown}.{inner}"),
            None => shown.to_owned(),
        });
        self
    }

    /// The same, of this database.
    pub(super) fn of(mut self: Box<Self>, database: String) -> Fault {
        self.database = Some(database);
        self
    }
}

/// A key that can be one; else it may be anything, also a URL with its password.
fn shown(key: &str) -> &str {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(fits) { key } else { "that is no name" }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, database, key, problem } = self;
        place.fmt(f)?;
        match (key, database) {
            // This one names what it is about.
            _ if matches!(problem, Problem::Refused(_)) => {}
            (Some(key), Some(database)) => write!(f, "key {key} of database {database} ")?,
            (Some(key), None) => write!(f, "key {key} ")?,
            (None, Some(database)) => write!(f, "database {database} ")?,
            (None, None) => f.write_str("the configuration ")?,
        }
        match problem {
            Problem::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Problem::Syntax(reason) => write!(f, "is not TOML: {reason}"),
            Problem::UnknownKey(None) => f.write_str("is unknown"),
            Problem::UnknownKey(Some(advice)) => write!(f, "is unknown; {advice}"),
            Problem::Value(reason) | Problem::Missing(reason) => write!(f, "cannot be used: {reason}"),
            Problem::Contradiction(reason) => write!(f, "contradicts another one: {reason}"),
            Problem::Refused(error) => error.fmt(f),
        }
    }
}

impl Error for SettingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Unreadable(error) => Some(error),
            Problem::Refused(error) => Some(&**error),
            _ => None,
        }
    }
}

impl ReadError {
    pub(super) fn new(error: io::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl PartialEq for ReadError {
    /// Of one kind.
    fn eq(&self, other: &Self) -> bool {
        self.0.kind() == other.0.kind()
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b56_a_file_that_cannot_be_read_is_told_as_the_system_does() {
        let error = |kind| ReadError::new(io::Error::from(kind));
        let missing = error(io::ErrorKind::NotFound);
        assert_eq!(missing, error(io::ErrorKind::NotFound));
        assert_ne!(missing, error(io::ErrorKind::PermissionDenied));
        assert_eq!(missing.to_string(), io::Error::from(io::ErrorKind::NotFound).to_string());
        assert!(missing.source().is_some());
    }
}
