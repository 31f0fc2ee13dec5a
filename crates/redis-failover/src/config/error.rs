//! What is wrong with a configuration.

use std::fmt;

use crate::cursor::TooManyDatabases;

/// A configuration that cannot be used, with the database and the option. Never shows a password.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The list of databases is empty.
    NoDatabases,
    /// Two databases have this name.
    DuplicateName {
        /// The name.
        database: String,
    },
    /// A database has the address and number of another one.
    DuplicateAddress {
        /// The second one.
        database: String,
    },
    /// A weight is not finite and greater than zero (B2).
    Weight {
        /// Whose.
        database: String,
        /// The number.
        weight: f64,
    },
    /// A URL could not be read.
    Url {
        /// The URL's scheme, or what stands in its place; the rest may hold a password.
        scheme: String,
        /// What is wrong.
        reason: String,
    },
    /// An option has a value that cannot be used.
    Option {
        /// Its name.
        option: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An option of one database has a value that cannot be used.
    DatabaseOption {
        /// Whose.
        database: String,
        /// The option's name.
        option: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A setting in a text, a file or the environment cannot be used.
    #[cfg(feature = "config")]
    Setting(Box<super::SettingError>),
}

impl ConfigError {
    pub(crate) fn too_many(error: TooManyDatabases) -> Self {
        Self::Option { option: "databases", reason: error.to_string() }
    }

    /// The same, of this place in a list of URLs.
    pub(super) fn of_url(self, place: usize) -> Self {
        match self {
            Self::Url { scheme, reason } => Self::Url { scheme, reason: format!("number {place}: {reason}") },
            error => error,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDatabases => f.write_str("no databases are configured; give at least one"),
            Self::DuplicateName { database } => {
                write!(f, "two databases are named {database}; give each a name of its own")
            }
            Self::DuplicateAddress { database } => {
                write!(f, "database {database} has the address of another one; give each database once")
            }
            Self::Weight { database, weight } => {
                write!(f, "weight {weight} of database {database} is not a finite number greater than 0")
            }
            Self::Url { scheme, reason } => write!(f, "the url {scheme}… cannot be used: {reason}"),
            Self::Option { option, reason } => write!(f, "option {option} cannot be used: {reason}"),
            Self::DatabaseOption { database, option, reason } => {
                write!(f, "option {option} of database {database} cannot be used: {reason}")
            }
            #[cfg(feature = "config")]
            Self::Setting(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            #[cfg(feature = "config")]
            Self::Setting(error) => error.source(),
            _ => None,
        }
    }
}
