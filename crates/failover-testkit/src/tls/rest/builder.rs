//! The settings of the API before its start.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use tokio::net::TcpListener;

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
    /// If it cannot listen there.
    pub async fn start(self) -> io::Result<RestApi> {
        let listener = TcpListener::bind((self.address, 0)).await?;
        let addr = listener.local_addr()?;
        let acceptor = self.identity.acceptor(self.clients.as_ref());
        let state = Arc::<State>::default();
        let server = Server {
            state: Arc::clone(&state),
            prefix: self.prefix.clone(),
            user_and_password: self.user_and_password,
        };
        let task = tokio::spawn(server.run(listener, acceptor));
        Ok(RestApi { addr, prefix: self.prefix, state, task })
    }
}
