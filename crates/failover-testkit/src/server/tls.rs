//! What a server needs to speak TLS.

use std::{ffi::OsString, fs, io, path::Path};

/// The certificate a server shows, and which clients it lets in.
#[derive(Clone)]
pub struct ServerTls {
    certificate: String,
    key: String,
    clients: Option<String>,
    peers: Option<Peers>,
}

/// What it shows and trusts where it is the client, of other servers.
#[derive(Clone)]
struct Peers {
    authority: String,
    certificate: String,
    key: String,
}

impl ServerTls {
    /// Shows this certificate (both in PEM) and lets every client in.
    pub fn new(certificate_pem: impl Into<String>, key_pem: impl Into<String>) -> Self {
        Self { certificate: certificate_pem.into(), key: key_pem.into(), clients: None, peers: None }
    }

    /// Lets in only clients with a certificate of this authority (mTLS).
    #[must_use]
    pub fn require_clients_of(mut self, authority_pem: impl Into<String>) -> Self {
        self.clients = Some(authority_pem.into());
        self
    }

    /// Speaks with other servers too, as those of a cluster: trusts this authority, and shows them this certificate.
    #[must_use]
    pub fn among_peers(
        mut self,
        authority_pem: impl Into<String>,
        certificate_pem: impl Into<String>,
        key_pem: impl Into<String>,
    ) -> Self {
        let (authority, certificate, key) = (authority_pem.into(), certificate_pem.into(), key_pem.into());
        self.peers = Some(Peers { authority, certificate, key });
        self
    }

    /// Writes the files into the server's directory.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(CERTIFICATE), &self.certificate)?;
        fs::write(directory.join(KEY), &self.key)?;
        self.peers.iter().try_for_each(|peers| {
            fs::write(directory.join(AUTHORITY), &peers.authority)?;
            fs::write(directory.join(CLIENT_CERTIFICATE), &peers.certificate)?;
            fs::write(directory.join(CLIENT_KEY), &peers.key)
        })?;
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
        if self.peers.is_some() {
            // An authority of clients that was given above is replaced.
            let files = [
                ("--tls-ca-cert-file", AUTHORITY),
                ("--tls-client-cert-file", CLIENT_CERTIFICATE),
                ("--tls-client-key-file", CLIENT_KEY),
            ];
            arguments.extend(
                files.into_iter().flat_map(|(option, file)| [option.into(), directory.join(file).into()]),
            );
        }
        arguments
    }
}

const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
const CLIENTS: &str = "clients.pem";
const AUTHORITY: &str = "authority.pem";
const CLIENT_CERTIFICATE: &str = "client.pem";
const CLIENT_KEY: &str = "client.key";

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
