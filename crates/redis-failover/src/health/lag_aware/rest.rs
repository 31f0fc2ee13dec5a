//! The API, over HTTPS.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Client, ClientBuilder, Url, redirect};
use rustls::ClientConfig;

use super::{
    LagAware, LagAwareError, base_url,
    judge::{Answer, RestError},
};
use crate::connection::{Current, advice, causes};

/// Far more than the list of a large cluster's databases.
const LARGEST: usize = 4 * 1024 * 1024;

/// Between two requests of one look there is no pause.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Rest {
    base: Url,
    place: String,
    auth_basic: Option<(Arc<str>, Arc<str>)>,
    tls: Current,
    /// The client and the TLS settings it was built with.
    client: Mutex<(Arc<ClientConfig>, Client)>,
}

impl Rest {
    pub(super) fn new(settings: &LagAware, health_check_url: &str) -> Result<Self, LagAwareError> {
        let base = base_url::read(health_check_url, settings.rest_api_port)?;
        let tls = Current::load(settings.tls.clone())?;
        let config = tls.last();
        let client = client(&config).map_err(|error| LagAwareError::new("tls", told(&error)))?;
        let place = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            base,
            place,
            auth_basic: settings.auth_basic.clone(),
            tls,
            client: Mutex::new((config, client)),
        })
    }

    /// Where it is: nothing of who asks.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Asks, and reads no more than is sensible.
    pub(super) async fn get(&self, path: &str, query: &str) -> Result<Answer, RestError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(Some(query));
        let mut request = self.client().await?.get(url);
        if let Some((user, password)) = &self.auth_basic {
            request = request.basic_auth(user, Some(password));
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(RestError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), body })
    }

    /// The client; another one where certificates were renewed.
    async fn client(&self) -> Result<Client, RestError> {
        let config = self.tls.config().await;
        let mut kept = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&kept.0, &config) {
            let client = client(&config).map_err(|error| failed(&error))?;
            *kept = (config, client);
        }
        Ok(kept.1.clone())
    }
}

/// It asks nobody else: no redirect, no proxy of the environment. A connection serves one look and not the next, which
/// may find it cut. Who asks too long is stopped by the check.
fn client(config: &ClientConfig) -> reqwest::Result<Client> {
    ClientBuilder::new()
        .tls_backend_preconfigured(config.clone())
        .https_only(true)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(IDLE)
        .build()
}

fn failed(error: &reqwest::Error) -> RestError {
    match advice(error) {
        Some(advice) => RestError::Untrusted(advice.to_owned()),
        None => RestError::Unreachable(told(error)),
    }
}

/// The innermost cause: those around it say no more than that a request failed, and where.
fn told(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}
