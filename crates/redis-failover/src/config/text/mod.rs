//! Configuration from TOML, from the environment, and from whatever serde reads.
//!
//! ```text
//! TOML (document) ──┐
//! variables ────────┼──▶ tree ──▶ client, database (keyed) ──▶ build ──▶ MultiDbConfig, validated
//! serde's formats ──┘    values with their places              the builders
//! ```
//!
//! - `tree`, [`Place`]: what was said, and where
//! - `document`, `environment`, `through_serde`: what it is read from
//! - `keyed`: tables and their keys; `client`, `words`, `scalar`, `duration`, `health_checks`, `credentials`, `tls`,
//!   `lag_aware`, `options`: which keys there are, and what may stand under them. The options are made from the same
//!   list as their builders
//! - `unknown`, `foreign`: what was probably meant
//! - `build`, `kind`, `placed`: what it comes to
//! - [`SettingError`]: what is wrong, and where

mod build;
mod client;
mod credentials;
mod document;
mod duration;
mod environment;
mod error;
mod foreign;
mod health_checks;
mod keyed;
mod kind;
mod lag_aware;
mod options;
mod place;
mod placed;
mod scalar;
mod through_serde;
mod tls;
mod tree;
mod unknown;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;

use error::Fault;
pub use error::{Problem, ReadError, SettingError};
pub use place::Place;

use super::{ConfigError, MultiDbConfig};
use tree::Node;

/// How variables begin.
const PREFIX: &str = "REDIS_FAILOVER";

/// Configuration that is read (feature `config`). [All keys](crate::guide::configuration).
impl MultiDbConfig {
    /// Reads TOML. Keys have the names of the builders' methods; durations are `"500ms"`, `"2s"`, `"5m"`.
    ///
    /// ```
    /// use redis_failover::MultiDbConfig;
    ///
    /// let config = MultiDbConfig::from_toml(r#"
    ///     auto_fallback_interval = "30s"
    ///     command_retry = { retries = 5, base = "20ms" }
    ///
    ///     [[databases]]
    ///     name = "eu-west"
    ///     url = "redis://db-primary:6379/0"
    ///     weight = 1.0
    ///     password_file = "/run/secrets/redis" # read again at each dial
    ///
    ///     [[databases]]
    ///     name = "us-east"
    ///     url = "redis://db-secondary:6379/0"
    ///     weight = 0.5
    ///     grace_period = "2m"
    /// "#)?;
    ///
    /// let error = MultiDbConfig::from_toml("urls = ['redis://eu']\nhealth_check_intervall = '1s'").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 2, column 1: key health_check_intervall is unknown; did you mean health_check_interval?"
    /// );
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError::Setting`] for the first thing that cannot be used, with its line. What
    /// [`validate`](Self::validate) finds, it finds here.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        document::parse(text, None).and_then(|root| build::build(&root)).map_err(ConfigError::Setting)
    }

    /// Reads a file of TOML, as [`from_toml`](Self::from_toml).
    ///
    /// # Errors
    /// [`ConfigError::Setting`] if it cannot be read, or for the first thing in it that cannot be used.
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        read_file(path.as_ref()).and_then(|root| build::build(&root)).map_err(ConfigError::Setting)
    }

    /// Reads the variables of the process's environment that begin with `REDIS_FAILOVER_`, as
    /// [`from_env_with`](Self::from_env_with).
    ///
    /// # Errors
    /// [`ConfigError::Setting`] for the first variable, or line of the file, that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_env_with(PREFIX, environment::of_process(PREFIX).map_err(ConfigError::Setting)?)
    }

    /// Reads variables with another prefix, or from elsewhere.
    ///
    /// - `…_URLS=redis://eu,redis://us`: databases in the order of preference, as [`from_urls`](Self::from_urls)
    /// - `…_CONFIG=/etc/redis-failover.toml`: a file, over which the other variables are laid
    /// - `…_GRACE_PERIOD=30s`, `…_COMMAND_RETRY_RETRIES=5`: any key of a file, with those of the tables around it
    /// - `…_DATABASE_1_PASSWORD_FILE=/run/secrets/redis`: any key of the first `[[databases]]`; one more than there are
    ///   adds a database
    ///
    /// A variable that is empty counts as not there. One that has the prefix and is none of these is an error, but for
    /// those that Kubernetes sets for a service of that name.
    ///
    /// ```
    /// use redis_failover::MultiDbConfig;
    ///
    /// let variables = [("SHOP_REDIS_URLS", "redis://eu,redis://us"), ("SHOP_REDIS_GRACE_PERIOD", "30s")];
    /// let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    /// let config = MultiDbConfig::from_env_with("SHOP_REDIS", variables)?;
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError::Setting`] for the first variable, or line of the file, that cannot be used.
    pub fn from_env_with(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let root = environment::parse(prefix, variables, read_file);
        root.and_then(|root| build::build(&root)).map_err(ConfigError::Setting)
    }
}

fn read_file(path: &Path) -> Result<Node, Fault> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SettingError::new(&Place::file(path), Problem::Unreadable(ReadError::new(error))))?;
    document::parse(&text, Some(path))
}
