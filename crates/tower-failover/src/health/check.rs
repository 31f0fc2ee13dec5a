//! A check: a Tower service that is asked how a member is.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Duration;
use tower::BoxError;
use tower_service::Service;

use super::settings::HealthSettings;
use crate::availability::Evidence;
use crate::event::Name;

/// Why a member is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProbeCause {
    /// The interval has passed, or a failed check is asked again.
    Scheduled,
    /// It may have died: a broken connection, or silence (B17).
    Suspicion,
    /// A choice, or a half-open circuit, waits for the answer.
    Requested,
}

/// The request of a check: "how are you?"
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Why it is asked.
    pub cause: ProbeCause,
    /// How long it may take, dialling included. The answer is not waited for any longer.
    pub timeout: Duration,
}

/// The response of a check. Errors say [`Unhealthy`](Self::Unhealthy) too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Nothing speaks against it.
    Healthy,
    /// It lives, but another is better; the text says why.
    NotPreferred(Arc<str>),
    /// It cannot serve.
    Unhealthy(Evidence),
    /// The check itself could not find out; the text says why. Evicts nothing, and is no reason to choose it (B27).
    Unknown(Arc<str>),
    /// It refuses new connections as we are configured, but one that was made before still answers; the text says
    /// what is refused, without secrets. As [`Unknown`](Self::Unknown), with an event of its own (B14).
    ///
    /// Where no connection is left, say [`Unhealthy`](Self::Unhealthy) with [`Evidence::Misconfigured`].
    Misconfigured(Arc<str>),
}

type Answer = Pin<Box<dyn Future<Output = Result<Health, BoxError>> + Send>>;

/// A named health check of one member: any `Service<Probe, Response = Health>`, erased once.
///
/// Each probe runs on a clone of the service, so that a suspicion can be looked into while another probe hangs. What
/// is to be kept from one probe to the next (a connection) must be shared by the clones. Whatever the service does,
/// it is held to the probe's timeout, and an error or a panic makes its member unhealthy and nothing else (B24).
///
/// An error with an [`std::io::Error`] in its chain is taken as [`Evidence::Unreachable`] (or
/// [`Evidence::TimedOut`]), any other as [`Evidence::Answered`].
///
/// ```
/// use std::time::Duration;
/// use tower::service_fn;
/// use tower_failover::{Check, Health, HealthSettings, Probe};
///
/// let always_well = service_fn(|_: Probe| async { Ok::<_, std::io::Error>(Health::Healthy) });
/// let check = Check::new("always-well", always_well)
///     .settings(HealthSettings { interval: Duration::from_secs(30), probes: 1, ..HealthSettings::default() });
/// assert_eq!(&**check.name(), "always-well");
/// ```
///
/// # Clone
/// Clones ask the same service.
#[derive(Clone)]
pub struct Check {
    name: Name,
    settings: Option<HealthSettings>,
    tells_life: bool,
    ask: Arc<dyn Fn(Probe) -> Answer + Send + Sync>,
}

impl Check {
    /// A check of this name, as in events and errors.
    #[must_use]
    pub fn new<S>(name: impl Into<Name>, service: S) -> Self
    where
        S: Service<Probe, Response = Health> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        let ask = move |probe| -> Answer {
            let mut service = service.clone();
            Box::pin(async move {
                std::future::poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
                service.call(probe).await.map_err(Into::into)
            })
        };
        Self { name: name.into(), settings: None, tells_life: true, ask: Arc::new(ask) }
    }

    /// Its own settings, instead of its member's (B19).
    #[must_use]
    pub fn settings(mut self, settings: HealthSettings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// The check looks at something beside the member's life (its lag, its role).
    ///
    /// It is not asked when the member is suspected, its duration is no round trip of the member, and if it times
    /// out while calls are answered, that says nothing ([`Health::Unknown`]) instead of "alive".
    #[must_use]
    pub fn without_suspicion(mut self) -> Self {
        self.tells_life = false;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn own_settings(&self) -> Option<&HealthSettings> {
        self.settings.as_ref()
    }

    /// Whether its answer tells that the member lives.
    pub(super) fn tells_life(&self) -> bool {
        self.tells_life
    }

    pub(super) fn ask(&self, probe: Probe) -> Answer {
        (self.ask)(probe)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("tells_life", &self.tells_life)
            .finish_non_exhaustive()
    }
}
