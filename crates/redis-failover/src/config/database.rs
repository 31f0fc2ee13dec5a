//! Configuration of one database.

use std::fmt;
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{ConnectionInfo, RedisConnectionInfo, Value};
use tower_service::Service;

use super::circuit::MakeCircuit;
#[cfg(feature = "cluster")]
use super::cluster::ClusterTarget;
use super::options::Options;
use super::sentinel::SentinelTarget;
use super::tls::{WITHOUT_TLS, is_tls};
use super::{ConfigError, weight};
use crate::command::Command;
#[cfg(feature = "cluster")]
use crate::connection::ClusterHealth;
#[cfg(feature = "tls-no-provider")]
use crate::connection::Tls;
use crate::connection::{
    Address, Connect, ConnectionError, Endpoint, OwnService, ProvideCredentials, TcpConnect, connection_info,
};

/// One database: where it is, and what it weighs.
///
/// ```
/// use redis_failover::DatabaseConfig;
///
/// let config = DatabaseConfig::from_url("redis://:secret@db-primary:6379/0")?.name("eu-west").weight(1.0);
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct DatabaseConfig {
    name: Option<String>,
    pub(crate) target: Target,
    pub(crate) weight: f64,
    pub(crate) options: Options,
    connect: Option<Arc<dyn Connect>>,
    pub(super) credentials: Option<Arc<dyn ProvideCredentials>>,
    pub(super) circuit: Option<MakeCircuit>,
    settings: Option<RedisConnectionInfo>,
    #[cfg(feature = "cluster")]
    pub(super) cluster_health: Option<ClusterHealth>,
    #[cfg(feature = "tls-no-provider")]
    pub(super) tls: Option<Tls>,
    #[cfg(feature = "lag-aware")]
    pub(super) health_check_url: Option<String>,
}

/// Which kind of database it is: what its leaf is made from.
#[derive(Clone)]
pub(crate) enum Target {
    Standalone(ConnectionInfo),
    Sentinel(SentinelTarget),
    #[cfg(feature = "cluster")]
    Cluster(ClusterTarget),
    Own(OwnService),
}

impl DatabaseConfig {
    /// A database by its URL: `redis://[user:password@]host[:port][/db]` or `unix:///path`.
    ///
    /// `rediss://…` is dialled with TLS (feature `tls`), as `DatabaseConfig::tls` says; `#insecure` at its end trusts
    /// whoever answers.
    ///
    /// # Errors
    /// [`ConfigError::Url`] if it cannot be read. The error does not repeat the URL, which may hold a password.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(info_of(url)?))
    }

    /// A database by redis-rs's own description.
    #[must_use]
    pub fn new(info: ConnectionInfo) -> Self {
        Self::of(None, Target::Standalone(info))
    }

    /// A database behind a service of one's own: a proxy's client, a pool, a `ServiceBuilder` stack (B55).
    ///
    /// Its calls pass through the same circuit breaker, failure detector and deadline as all others, and are
    /// repeated by the same rules. Health checks ask through it, with a PING unless
    /// [`health_checks`](Self::health_checks) says otherwise. How it connects is its own affair: it is to reconnect
    /// by itself, and the options of dialling cannot be said for it.
    ///
    /// Each call runs on a clone, which is polled until it is ready within the call's deadline. An error of
    /// `poll_ready` says that nothing was sent, so any command is repeated.
    ///
    /// ```
    /// use redis::{RedisError, Value};
    /// use redis_failover::{Command, DatabaseConfig};
    ///
    /// async fn through_my_proxy(command: Command<'_>) -> Result<Value, RedisError> {
    /// #   let _ = command;
    ///     // …
    ///     Ok(Value::Nil)
    /// }
    ///
    /// let config = DatabaseConfig::from_service("proxy", tower::service_fn(through_my_proxy)).weight(0.5);
    /// ```
    #[must_use]
    pub fn from_service<S, R, E>(name: impl Into<String>, service: S) -> Self
    where
        S: for<'a> Service<Command<'a>, Response = R, Error = E, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        R: Into<Value>,
        E: Into<ConnectionError>,
    {
        Self::of(Some(name.into()), Target::Own(OwnService::new(service)))
    }

    /// A database behind a redis-rs connection of one's own, as with [`from_service`](Self::from_service).
    ///
    /// The connection must be one that reconnects by itself, or its database never comes back after a reset. Its own
    /// retries and timeouts should be off: this client has them.
    #[must_use]
    pub fn from_connection<C>(name: impl Into<String>, connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::of(Some(name.into()), Target::Own(OwnService::of_connection(connection)))
    }

    pub(super) fn of(name: Option<String>, target: Target) -> Self {
        Self {
            name,
            target,
            weight: 1.0,
            options: Options::default(),
            connect: None,
            credentials: None,
            circuit: None,
            settings: None,
            #[cfg(feature = "cluster")]
            cluster_health: None,
            #[cfg(feature = "tls-no-provider")]
            tls: None,
            #[cfg(feature = "lag-aware")]
            health_check_url: None,
        }
    }

    /// Its name in events, snapshots, logs and errors; its address by default.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its priority (1.0): the heaviest available database serves.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// Dials through `connect`: commands, health checks and whatever else. If the URL asks for TLS, it is spoken over
    /// the streams of this connector.
    #[must_use]
    pub fn connector(mut self, connect: impl Connect) -> Self {
        self.connect = Some(Arc::new(connect));
        self
    }

    /// Asks `provider` before every dial, be it for commands or health checks, instead of taking the URL's password:
    /// a changed password needs no restart (B14). See [`ProvideCredentials`].
    #[must_use]
    pub fn credentials(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(Arc::new(provider));
        self
    }

    /// User, password, database number and protocol, in place of those of the URL. A database that is managed by
    /// Sentinel has no URL of its own, and so has them from here only.
    ///
    /// ```
    /// use redis::RedisConnectionInfo;
    /// use redis_failover::DatabaseConfig;
    ///
    /// let settings = RedisConnectionInfo::default().set_username("app").set_password("secret").set_db(3);
    /// let config = DatabaseConfig::sentinel("mymaster", ["redis://sentinel-1:26379"])?.redis_settings(settings);
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    #[must_use]
    pub fn redis_settings(mut self, settings: RedisConnectionInfo) -> Self {
        self.settings = Some(settings);
        self
    }

    pub(crate) fn name_or_address(&self) -> String {
        self.name.clone().or_else(|| self.location()).unwrap_or_default()
    }

    /// User, password, database number and protocol.
    pub(crate) fn settings(&self) -> RedisConnectionInfo {
        let of_target = || match &self.target {
            Target::Standalone(info) => info.redis_settings().clone(),
            #[cfg(feature = "cluster")]
            Target::Cluster(target) => target.settings(),
            Target::Sentinel(_) | Target::Own(_) => RedisConnectionInfo::default(),
        };
        self.settings.clone().unwrap_or_else(of_target)
    }

    /// The number that redis-rs asks a connection for.
    pub(crate) fn number(&self) -> i64 {
        self.settings().db()
    }

    pub(super) fn streams(&self) -> Arc<dyn Connect> {
        self.connect.clone().unwrap_or_else(|| Arc::new(TcpConnect::default()))
    }

    /// How the server that a URL leads to is dialled.
    pub(crate) fn endpoint(&self, info: &ConnectionInfo, options: &Options) -> Result<Endpoint, ConfigError> {
        let info = info.clone().set_redis_settings(self.settings());
        Ok(Endpoint::new(info.clone(), self.connect(&info)?, options.connect_timeout()))
    }

    /// With what every connection to the database has, however it is found.
    pub(crate) fn dressed(&self, mut endpoint: Endpoint, options: &Options) -> Endpoint {
        if let Some(name) = options.client_name() {
            endpoint = endpoint.client_name(Arc::clone(name));
        }
        if let Some(provider) = &self.credentials {
            endpoint = endpoint.credentials(Arc::clone(provider));
        }
        endpoint
    }

    /// Its options, with those for `all` where it has none.
    pub(crate) fn options(&self, all: &Options) -> Options {
        let options = self.options.or(all);
        #[cfg(feature = "cluster")]
        if matches!(self.target, Target::Cluster(_)) {
            return options.of_cluster();
        }
        options
    }

    #[cfg(feature = "lag-aware")]
    pub(super) fn address(&self) -> Option<Address> {
        match &self.target {
            Target::Standalone(info) => Some(Address::from(info)),
            _ => None,
        }
    }

    /// Where it is and which number it has, if that is known: two spellings of one place are the same.
    pub(crate) fn location(&self) -> Option<String> {
        let place = match &self.target {
            Target::Standalone(info) => Address::from(info).canonical().to_string(),
            Target::Sentinel(target) => target.location(),
            #[cfg(feature = "cluster")]
            Target::Cluster(target) => target.location(),
            Target::Own(_) => return None,
        };
        Some(match self.number() {
            0 => place,
            number => format!("{place}/{number}"),
        })
    }

    /// Checks it, for itself and together with the options for `all`, which are known to be usable.
    pub(super) fn check(&self, all: &Options) -> Result<(), ConfigError> {
        let database = self.name_or_address();
        let invalid = |option, reason: String| ConfigError::DatabaseOption {
            database: database.clone(),
            option,
            reason,
        };
        if database.is_empty() {
            return Err(invalid("name", "it is empty".into()));
        }
        weight(&database, self.weight)?;
        self.options(all).check().map_err(|(option, reason)| invalid(option, reason))?;
        #[cfg(feature = "cluster")]
        if self.cluster_health.is_some() && !matches!(self.target, Target::Cluster(_)) {
            return Err(invalid("cluster_health", "the database is no cluster".into()));
        }
        match &self.target {
            Target::Standalone(_) => {}
            Target::Sentinel(target) => target.check().map_err(|(option, reason)| invalid(option, reason))?,
            #[cfg(feature = "cluster")]
            Target::Cluster(target) => target.check().map_err(|(option, reason)| invalid(option, reason))?,
            Target::Own(_) => {
                let said = [
                    ("connector", self.connect.is_some()),
                    ("credentials", self.credentials.is_some()),
                    ("redis_settings", self.settings.is_some()),
                ];
                let said = said.into_iter().find_map(|(option, said)| said.then_some(option));
                if let Some(option) = said.or(self.options.of_dialling()) {
                    return Err(invalid(option, "a service of one's own connects by itself".into()));
                }
            }
        }
        self.check_tls().map_err(|(option, reason)| invalid(option, reason))
    }
}

/// What a URL says, if it is of a kind that this build can dial. The error does not repeat it.
fn info_of(url: &str) -> Result<ConnectionInfo, ConfigError> {
    let refused = |reason: String| ConfigError::Url {
        scheme: scheme(url).unwrap_or("without a scheme ").into(),
        reason,
    };
    let info = connection_info(url).map_err(|error| refused(error.to_string()))?;
    if is_tls(&info) && cfg!(not(feature = "tls-no-provider")) {
        return Err(refused(WITHOUT_TLS.into()));
    }
    Ok(info)
}

/// What a list of URLs says. An error tells which of them it is about.
pub(super) fn infos_of<U: AsRef<str>>(
    urls: impl IntoIterator<Item = U>,
) -> Result<Vec<ConnectionInfo>, ConfigError> {
    let infos = urls.into_iter().enumerate();
    infos.map(|(index, url)| info_of(url.as_ref()).map_err(|error| error.of_url(index + 1))).collect()
}

/// What stands before `://`, if it can be a scheme: something else may be, or hold, a password.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.bytes().all(fits).then_some(scheme)
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DatabaseConfig");
        shown.field("name", &self.name_or_address());
        match &self.target {
            Target::Standalone(info) => shown.field("address", &Address::from(info)),
            Target::Sentinel(target) => shown.field("sentinel", target),
            #[cfg(feature = "cluster")]
            Target::Cluster(target) => shown.field("cluster", target),
            Target::Own(_) => shown.field("service", &"of one's own"),
        };
        shown.field("weight", &self.weight).field("options", &self.options).finish_non_exhaustive()
    }
}
