use std::{error::Error, fmt, future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use redis::{ErrorKind, RedisConnectionInfo, RedisError, RedisResult};
use tokio::time::{Duration, timeout};

/// As whom a database is dialled. Its `Debug` shows nothing of it.
///
/// # Clone
///
/// Clones share the text.
#[derive(Clone)]
pub struct Credentials {
    user: Option<Arc<str>>,
    password: Arc<str>,
}

impl Credentials {
    /// A password, for the user of the database's URL, or else the default user.
    pub fn password(password: impl Into<Arc<str>>) -> Self {
        Self { user: None, password: password.into() }
    }

    /// A user with their password.
    pub fn user(user: impl Into<Arc<str>>, password: impl Into<Arc<str>>) -> Self {
        Self { user: Some(user.into()), password: password.into() }
    }

    pub(crate) fn applied(self, settings: RedisConnectionInfo) -> RedisConnectionInfo {
        let settings = match self.user {
            Some(user) => settings.set_username(user),
            None => settings,
        };
        settings.set_password(self.password)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Why no credentials could be had. Its text is told in errors and events, so it must hold no secret.
pub type CredentialsError = Box<dyn Error + Send + Sync>;

/// Where a database's credentials come from. It is asked before every dial, so that a changed password needs no
/// restart. A function will do:
///
/// ```
/// use redis_failover::{DatabaseConfig, connection::Credentials};
///
/// let config = DatabaseConfig::from_url("redis://app@db-primary:6379/0")?
///     .credentials(|| async { Ok(Credentials::password(std::fs::read_to_string("/run/secrets/redis")?)) });
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
///
/// # Errors
///
/// An error, a panic, or no answer within half of the time that the dial has, is a dial that was refused: it evicts
/// no database whose connection still answers, and is tried again after 1 s, later after up to 30 s.
///
/// # Cancellation
///
/// The future is dropped with the dial that asked.
pub trait ProvideCredentials: Send + Sync + 'static {
    /// As whom to dial now.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>>;
}

impl<F, Fut> ProvideCredentials for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
{
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialsError>> {
        Box::pin(self())
    }
}

/// The settings with what `provider` says now. What becomes of it, a failure is one of our own set-up.
pub(super) async fn ask(
    provider: &dyn ProvideCredentials,
    settings: RedisConnectionInfo,
    limit: Duration,
) -> RedisResult<RedisConnectionInfo> {
    let asked = AssertUnwindSafe(async { provider.credentials().await }).catch_unwind();
    match timeout(limit, asked).await {
        Ok(Ok(Ok(credentials))) => Ok(credentials.applied(settings)),
        Ok(Ok(Err(error))) => Err(unavailable(error.to_string())),
        Ok(Err(_)) => Err(unavailable("the function that gives them panicked".to_owned())),
        Err(_) => Err(unavailable(format!("they were not there within {limit:?}"))),
    }
}

fn unavailable(reason: String) -> RedisError {
    (ErrorKind::AuthenticationFailed, "no credentials could be had", reason).into()
}
