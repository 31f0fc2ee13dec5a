//! TLS: what is trusted, what is shown, and the connector that speaks it.
//!
//! - [`Tls`]: the settings
//! - [`TlsConnect`]: wraps the streams of another connector
//! - `material`: files and bytes, read; `client`: what rustls makes of them; `explained`: its errors, in our words

mod client;
mod connect;
mod error;
mod explained;
mod material;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use connect::TlsConnect;
pub use error::TlsError;

pub(crate) use client::Current;
#[cfg(feature = "lag-aware")]
pub(crate) use explained::advice;
use material::Source;

/// TLS settings: whom to trust, what to show, and under which name.
///
/// By default the server's certificate is verified against the system's certificate authorities, and nothing is
/// shown. What stands in files is read again before each dial, so that a renewed certificate is used without a
/// restart; while the files cannot be used, the last good ones are.
///
/// ```
/// use redis_failover::connection::Tls;
///
/// let tls = Tls::new()
///     .ca_file("/etc/redis/ca.pem")
///     .client_cert_file("/etc/redis/client.pem")
///     .client_key_file("/etc/redis/client.key");
/// ```
///
/// The crypto provider is the one that the application has installed as rustls's default, else ring, which the
/// feature `tls` brings. With the feature `tls-no-provider` alone there must be an installed one; where there is none,
/// building a client fails with an error.
#[derive(Clone)]
pub struct Tls {
    authorities: Vec<Source>,
    system_roots: bool,
    certificate: Option<Source>,
    key: Option<Source>,
    key_password: Option<Arc<str>>,
    server_name: Option<String>,
    verify: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

impl Tls {
    /// Trusts the system's certificate authorities.
    #[must_use]
    pub fn new() -> Self {
        Self {
            authorities: Vec::new(),
            system_roots: false,
            certificate: None,
            key: None,
            key_password: None,
            server_name: None,
            verify: true,
        }
    }

    /// Trusts the certificate authorities in this file (PEM), and the system's no more.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities.push(Source::File("ca_file", path.into()));
        self
    }

    /// Trusts those in the files (PEM) of this directory, and the system's no more.
    #[must_use]
    pub fn ca_path(mut self, directory: impl Into<PathBuf>) -> Self {
        self.authorities.push(Source::Directory("ca_path", directory.into()));
        self
    }

    /// Trusts these (PEM), and the system's no more.
    #[must_use]
    pub fn ca_data(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(Source::Data("ca_data", pem.into().into()));
        self
    }

    /// Trusts the system's certificate authorities beside those that are given.
    #[must_use]
    pub fn system_roots(mut self) -> Self {
        self.system_roots = true;
        self
    }

    /// Shows the certificate, with its chain if it has one, in this file (PEM): mTLS.
    #[must_use]
    pub fn client_cert_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.certificate = Some(Source::File("client_cert_file", path.into()));
        self
    }

    /// Shows this certificate (PEM).
    #[must_use]
    pub fn client_cert_data(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(Source::Data("client_cert_data", pem.into().into()));
        self
    }

    /// The client certificate's key is in this file (PEM).
    #[must_use]
    pub fn client_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Some(Source::File("client_key_file", path.into()));
        self
    }

    /// The client certificate's key (PEM).
    #[must_use]
    pub fn client_key_data(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.key = Some(Source::Data("client_key_data", pem.into().into()));
        self
    }

    /// The password of an encrypted key (PKCS #8: `BEGIN ENCRYPTED PRIVATE KEY`).
    #[cfg(feature = "lag-aware")]
    #[must_use]
    pub fn client_key_password(mut self, password: impl Into<String>) -> Self {
        self.key_password = Some(password.into().into());
        self
    }

    /// The name to ask for (SNI) and to find in the server's certificate; by default, the host of its address.
    ///
    /// For databases that are dialled by number, or through a tunnel.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// `false` trusts whoever answers, whatever certificate it shows: encrypted, but for whom? For trials only.
    #[must_use]
    pub fn verify_tls(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    #[cfg(feature = "lag-aware")]
    pub(crate) fn has_server_name(&self) -> bool {
        self.server_name.is_some()
    }

    /// Checks everything but what is in files.
    pub(crate) fn check(&self) -> Result<(), TlsError> {
        client::check(self)
    }

    /// Whether any setting stands in a file.
    fn reads_files(&self) -> bool {
        let sources = self.authorities.iter().chain(&self.certificate).chain(&self.key);
        sources.into_iter().any(|source| source.path().is_some())
    }
}

impl fmt::Debug for Tls {
    /// Paths, but nothing of what is given as bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |source: &Option<Source>| {
            source.as_ref().map(|source| source.path().unwrap_or(Path::new("(data)")).to_owned())
        };
        f.debug_struct("Tls")
            .field("authorities", &self.authorities.iter().map(Source::path).collect::<Vec<_>>())
            .field("system_roots", &self.system_roots)
            .field("certificate", &shown(&self.certificate))
            .field("key", &shown(&self.key))
            .field("server_name", &self.server_name)
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}
