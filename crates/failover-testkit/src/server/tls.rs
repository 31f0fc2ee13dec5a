//! What a server needs to speak TLS.

use std::{ffi::OsString, fs, io, path::Path};

/// The certificate a server shows, and which clients it lets in.
#[derive(Clone)]
pub struct ServerTls {
    certificate: String,
    key: String,
    clients: Option<String>,
}

impl ServerTls {
    /// Shows this certificate (both in PEM) and lets every client in.
    pub fn new(certificate_pem: impl Into<String>, key_pem: impl Into<String>) -> Self {
        Self { certificate: certificate_pem.into(), key: key_pem.into(), clients: None }
    }

    /// Lets in only clients with a certificate of this authority (mTLS).
    #[must_use]
    pub fn require_clients_of(mut self, authority_pem: impl Into<String>) -> Self {
        self.clients = Some(authority_pem.into());
        self
    }

    /// Writes the files into the server's directory.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(CERTIFICATE), &self.certificate)?;
        fs::write(directory.join(KEY), &self.key)?;
        self.clients.iter().try_for_each(|pem| fs::write(directory.join(CLIENTS), pem))
    }

    pub(super) fn arguments(&self, directory: &Path, port: u16) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "--tls-port".into(),
            port.to_string().into(),
            "--tls-cert-file".into(),
            directory.join(CERTIFICATE).into(),
            "--tls-key-file".into(),
            directory.join(KEY).into(),
            "--tls-auth-clients".into(),
        ];
        if self.clients.is_some() {
            arguments.extend(["yes".into(), "--tls-ca-cert-file".into(), directory.join(CLIENTS).into()]);
        } else {
            arguments.push("no".into());
        }
        arguments
    }
}

const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
const CLIENTS: &str = "clients.pem";

#[cfg(feature = "tls")]
impl From<&crate::tls::Identity> for ServerTls {
    fn from(identity: &crate::tls::Identity) -> Self {
        Self::new(identity.certificate_pem(), identity.key_pem())
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerTls").field("mutual", &self.clients.is_some()).finish_non_exhaustive()
    }
}
