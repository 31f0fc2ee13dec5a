//! The settings of the API before its start.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{RestApi, State, serve::Server};
use crate::tls::{Authority, Identity};

/// Builds a [`RestApi`]; made by [`RestApi::builder`].
#[derive(Debug, Clone)]
pub struct RestApiBuilder {
    identity: Identity,
    clients: Option<Authority>,
    user_and_password: Option<(String, String)>,
    prefix: String,
    address: IpAddr,
}

impl RestApiBuilder {
    pub(super) fn new(identity: &Identity) -> Self {
        Self {
            identity: identity.clone(),
            clients: None,
            user_and_password: None,
            prefix: String::new(),
            address: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Lets in only clients with a certificate of this authority (mTLS).
    #[must_use]
    pub fn require_clients_of(mut self, authority: &Authority) -> Self {
        self.clients = Some(authority.clone());
        self
    }

    /// Answers 401 to everybody else.
    #[must_use]
    pub fn auth_basic(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.user_and_password = Some((user.into(), password.into()));
        self
    }

    /// Stands behind a reverse proxy that serves it under this path, as `/redis`.
    #[must_use]
    pub fn prefix(mut self, path: impl Into<String>) -> Self {
        self.prefix = path.into();
        self
    }

    /// Listens on this address of the loopback instead of 127.0.0.1.
    #[must_use]
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// If it cannot listen there, or rustls cannot use the certificate.
    pub async fn start(self) -> io::Result<RestApi> {
        let listener = TcpListener::bind((self.address, 0)).await?;
        let addr = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(self.tls().map_err(io::Error::other)?));
        let state = Arc::<State>::default();
        let server = Server {
            state: Arc::clone(&state),
            prefix: self.prefix.clone(),
            user_and_password: self.user_and_password,
        };
        let task = tokio::spawn(server.run(listener, acceptor));
        Ok(RestApi { addr, prefix: self.prefix, state, task })
    }

    fn tls(&self) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
        let provider = Arc::new(ring::default_provider());
        let certificate = CertificateDer::from_pem_slice(self.identity.certificate_pem().as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(self.identity.key_pem().as_bytes())?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.clients {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes())?)?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        Ok(builder.with_single_cert(vec![certificate], key)?)
    }
}
