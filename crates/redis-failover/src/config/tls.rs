//! Which databases are reached over TLS, and how.

use std::sync::Arc;

use redis::{ConnectionAddr, ConnectionInfo};

use super::{ConfigError, DatabaseConfig, Target};
use crate::connection::Connect;
#[cfg(feature = "tls-no-provider")]
use crate::connection::{Tls, TlsConnect};

pub(super) const WITHOUT_TLS: &str =
    "this build speaks no tls; switch on the feature `tls` of redis-failover";

pub(super) fn is_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::TcpTls { .. })
}

#[cfg(feature = "tls-no-provider")]
impl DatabaseConfig {
    /// How TLS is spoken with it: for a URL that begins with `rediss`. Commands, health checks and whatever else
    /// speak it alike.
    ///
    /// Files are read when the client begins, by [`connect`](crate::MultiDbClient::connect) or the first command, which
    /// fails with [`Error::Config`](crate::Error::Config) if they cannot be used; and again before each dial.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(super) fn check_tls(&self) -> Result<(), (&'static str, String)> {
        match self.secure() {
            Some(tls) => tls.check().map_err(|error| (error.option, error.reason)),
            None if self.tls.is_some() => {
                let reason = "the url does not ask for it; let it begin with rediss";
                Err(("tls", reason.into()))
            }
            None => Ok(()),
        }
    }

    /// How TLS is spoken with it, if it is.
    fn secure(&self) -> Option<Tls> {
        let Target::Standalone(info) = &self.target else { return None };
        let ConnectionAddr::TcpTls { insecure, .. } = info.addr() else { return None };
        let tls = self.tls.clone().unwrap_or_default();
        Some(if *insecure { tls.verify_tls(false) } else { tls })
    }

    /// What it is dialled through. Reads certificates that are in files.
    pub(crate) fn connect(&self) -> Result<Arc<dyn Connect>, ConfigError> {
        let Some(tls) = self.secure() else { return Ok(self.streams()) };
        match TlsConnect::over(tls, self.streams()) {
            Ok(connect) => Ok(Arc::new(connect)),
            Err(error) => Err(ConfigError::DatabaseOption {
                database: self.name_or_address(),
                option: error.option,
                reason: error.reason,
            }),
        }
    }
}

#[cfg(not(feature = "tls-no-provider"))]
impl DatabaseConfig {
    pub(super) fn check_tls(&self) -> Result<(), (&'static str, String)> {
        match &self.target {
            Target::Standalone(info) if is_tls(info) => Err(("url", WITHOUT_TLS.into())),
            _ => Ok(()),
        }
    }

    /// What it is dialled through.
    pub(crate) fn connect(&self) -> Result<Arc<dyn Connect>, ConfigError> {
        Ok(self.streams())
    }
}

#[cfg(all(test, not(feature = "tls-no-provider")))]
mod tests {
    use super::*;
    use crate::connection::connection_info;

    #[test]
    fn b55_without_the_feature_a_url_for_tls_says_which_to_switch_on() {
        for url in ["rediss://:hunter2@db.example:6380/0", "valkeys://db.example", "REDISS://db.example"] {
            let error = DatabaseConfig::from_url(url).unwrap_err();
            assert!(matches!(error, ConfigError::Url { .. }), "{error:?}");
            assert!(error.to_string().contains("switch on the feature `tls`"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let info = connection_info("rediss://db.example").unwrap();
        let error = crate::MultiDbConfig::new([DatabaseConfig::new(info).name("eu")]).validate().unwrap_err();
        assert!(error.to_string().contains("option url of database eu"), "{error}");
    }
}
