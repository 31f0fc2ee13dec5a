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

impl DatabaseConfig {
    /// What its URLs say: its own, or its sentinels'.
    fn infos(&self) -> &[ConnectionInfo] {
        match &self.target {
            Target::Standalone(info) => std::slice::from_ref(info),
            Target::Sentinel(target) => target.sentinels(),
            #[cfg(feature = "cluster")]
            Target::Cluster(target) => target.seeds(),
            Target::Own(_) => &[],
        }
    }
}

#[cfg(feature = "tls-no-provider")]
impl DatabaseConfig {
    /// How TLS is spoken with it: for a URL that begins with `rediss`, and for a database that is managed by Sentinel,
    /// whose URLs say only how its sentinels are reached. Commands, health checks and whatever else speak it alike.
    ///
    /// Files are read when the client begins, by [`connect`](crate::MultiDbClient::connect) or the first command, which
    /// fails with [`Error::Config`](crate::Error::Config) if they cannot be used; and again before each dial.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(super) fn check_tls(&self) -> Result<(), (&'static str, String)> {
        let to_database = match &self.target {
            Target::Sentinel(_) => self.tls.clone(),
            _ => None,
        };
        let mut secure =
            self.infos().iter().filter_map(|info| self.secure(info)).chain(to_database).peekable();
        if secure.peek().is_none() && self.tls.is_some() {
            return Err(("tls", "the url does not ask for it; let it begin with rediss".into()));
        }
        secure.try_for_each(|tls| tls.check().map_err(|error| (error.option, error.reason)))
    }

    /// Whether any of its URLs asks for TLS.
    #[cfg(feature = "config")]
    pub(super) fn speaks_tls(&self) -> bool {
        self.infos().iter().any(is_tls)
    }

    /// How TLS is spoken with the server that a URL leads to, if it is.
    fn secure(&self, info: &ConnectionInfo) -> Option<Tls> {
        let ConnectionAddr::TcpTls { insecure, .. } = info.addr() else { return None };
        let tls = self.tls.clone().unwrap_or_default();
        Some(if *insecure { tls.verify_tls(false) } else { tls })
    }

    /// What the server that a URL leads to is dialled through. Reads certificates that are in files.
    pub(crate) fn connect(&self, info: &ConnectionInfo) -> Result<Arc<dyn Connect>, ConfigError> {
        self.connect_by(self.secure(info))
    }

    /// What a database without a URL of its own is dialled through.
    pub(crate) fn connect_by_settings(&self) -> Result<Arc<dyn Connect>, ConfigError> {
        self.connect_by(self.tls.clone())
    }

    fn connect_by(&self, tls: Option<Tls>) -> Result<Arc<dyn Connect>, ConfigError> {
        let Some(tls) = tls else { return Ok(self.streams()) };
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
        match self.infos().iter().any(is_tls) {
            true => Err(("url", WITHOUT_TLS.into())),
            false => Ok(()),
        }
    }

    /// What the server that a URL leads to is dialled through.
    pub(crate) fn connect(&self, _: &ConnectionInfo) -> Result<Arc<dyn Connect>, ConfigError> {
        Ok(self.streams())
    }

    /// What a database without a URL of its own is dialled through.
    pub(crate) fn connect_by_settings(&self) -> Result<Arc<dyn Connect>, ConfigError> {
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
