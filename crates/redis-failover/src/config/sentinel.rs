//! Databases that are managed by Sentinel.

use std::fmt;
use std::sync::Arc;

use redis::ConnectionInfo;

use super::database::infos_of;
use super::{ConfigError, DatabaseConfig, Options, Target};
use crate::connection::{Address, Endpoint, Sentinels};

/// Whom to ask where the primary is.
#[derive(Clone)]
pub(crate) struct SentinelTarget {
    service: Arc<str>,
    sentinels: Vec<ConnectionInfo>,
}

impl DatabaseConfig {
    /// A database whose primary Sentinel appoints, under the name `service`; the URLs are those of the sentinels.
    ///
    /// At every dial, be it for commands, health checks, subscribers or a transaction, they are asked in turn where the
    /// primary is, and the server that they name must say that it is one. So a failover within the region is followed
    /// without a switch: give it the time that it takes by [`down_after`](Self::down_after), 5–15 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use redis_failover::DatabaseConfig;
    ///
    /// let sentinels = ["redis://:secret@sentinel-1:26379", "redis://:secret@sentinel-2:26379"];
    /// let config = DatabaseConfig::sentinel("mymaster", sentinels)?.down_after(Duration::from_secs(10));
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// User and password in these URLs are for the sentinels; the database's are given by
    /// [`redis_settings`](Self::redis_settings) or [`credentials`](Self::credentials). Sentinels whose URLs begin with
    /// `rediss` are reached over TLS; the database is, if `tls` is given.
    ///
    /// # Errors
    /// [`ConfigError::Url`] for the first URL that cannot be read, with its place in the list.
    pub fn sentinel<U: AsRef<str>>(
        service: impl Into<String>,
        sentinels: impl IntoIterator<Item = U>,
    ) -> Result<Self, ConfigError> {
        let service = service.into();
        let target = SentinelTarget { service: service.as_str().into(), sentinels: infos_of(sentinels)? };
        Ok(Self::of(Some(service), Target::Sentinel(target)))
    }

    /// How the primary is found and dialled.
    pub(crate) fn endpoint_behind(
        &self,
        target: &SentinelTarget,
        options: &Options,
    ) -> Result<Endpoint, ConfigError> {
        let mut sentinels = Vec::with_capacity(target.sentinels.len());
        for info in &target.sentinels {
            let sentinel = Endpoint::new(info.clone(), self.connect(info)?, options.connect_timeout());
            sentinels.push(sentinel);
        }
        let sentinels = Sentinels::new(&target.service, sentinels).ok_or_else(|| {
            let (option, reason) = no_sentinels();
            ConfigError::DatabaseOption { database: self.name_or_address(), option, reason }
        })?;
        let connect = self.connect_by_settings()?;
        Ok(Endpoint::behind(sentinels, self.settings(), connect, options.connect_timeout()))
    }
}

impl SentinelTarget {
    pub(super) fn sentinels(&self) -> &[ConnectionInfo] {
        &self.sentinels
    }

    /// The same in whatever order the sentinels stand.
    pub(super) fn location(&self) -> String {
        let addresses = self.sentinels.iter().map(|info| Address::from(info).canonical().to_string());
        format!("{} of sentinel {}", self.service, addresses.min().unwrap_or_default())
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.sentinels.is_empty() {
            return Err(no_sentinels());
        }
        if self.service.is_empty() {
            return Err((
                "service",
                "it is empty; give the name by which the sentinels know the primary".into(),
            ));
        }
        let numbered = |info: &&ConnectionInfo| info.redis_settings().db() != 0;
        if let Some(info) = self.sentinels.iter().find(numbered) {
            let address = Address::from(info);
            return Err((
                "sentinels",
                format!(
                    "sentinel {address} has no databases with numbers; \
                 give the database's by redis_settings"
                ),
            ));
        }
        Ok(())
    }
}

fn no_sentinels() -> (&'static str, String) {
    ("sentinels", "there are none; give the url of one at least".into())
}

impl fmt::Debug for SentinelTarget {
    /// Nothing of who connects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.sentinels.iter().map(Address::from).collect();
        f.debug_struct("Sentinel").field("service", &self.service).field("addresses", &addresses).finish()
    }
}
