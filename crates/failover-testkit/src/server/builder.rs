//! The settings of a real server before its start.

use std::{ffi::OsString, io, path::PathBuf};

use super::{
    RealServer, ServerTls,
    launch::{Launch, Role},
};

/// Builds a [`RealServer`]; made by [`RealServer::builder`].
///
/// The defaults are no persistence (`--save "" --appendonly no`) on a free loopback port. Arguments given
/// here come after the defaults and so win over them.
#[derive(Debug, Clone, Default)]
pub struct RealServerBuilder {
    binary: Option<PathBuf>,
    arguments: Vec<OsString>,
    password: Option<String>,
    unix_socket: bool,
    tls: Option<ServerTls>,
    role: Role,
}

impl RealServerBuilder {
    /// The binary to run; the default is what [`RealServer::find`] finds.
    #[must_use]
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = Some(binary.into());
        self
    }

    /// One more command line argument, as `--maxmemory` or its value.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More command line arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The password of the default user (`requirepass`), which is then part of [`RealServer::url`].
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Listens on a unix socket in the server's directory too: see [`RealServer::unix_socket`].
    #[must_use]
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Speaks TLS on a second port: see [`RealServer::tls_addr`].
    #[must_use]
    pub fn tls(mut self, tls: impl Into<ServerTls>) -> Self {
        self.tls = Some(tls.into());
        self
    }

    pub(super) fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Starts the process and waits until it answers PING.
    ///
    /// # Errors
    ///
    /// If no binary is found, it cannot be run, it exits (the error carries the end of its log), or it does
    /// not answer within ten seconds. A port taken by another process meanwhile is tried again on another.
    pub async fn start(self) -> io::Result<RealServer> {
        let binary = self.binary.clone().or_else(RealServer::find).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "no server binary: $REDIS_SERVER_BIN is not set, and neither redis-server nor valkey-server is on PATH",
            )
        })?;
        let Self { arguments, password, unix_socket, tls, role, .. } = self;
        RealServer::launch(Launch::new(binary, arguments, password, unix_socket, tls, role)?).await
    }
}
