use std::{fmt, net::IpAddr, path::PathBuf};

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult};

/// Where a server listens: nothing of who connects or what for, so it may be shown anywhere.
///
/// ```
/// use redis_failover::connection::Address;
///
/// let address = Address::from_url("redis://user:secret@db.example:6380/3").unwrap();
/// assert_eq!(address.to_string(), "db.example:6380");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A host, by name or by number, and a port.
    Tcp {
        /// Its name, or its address without brackets.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl Address {
    /// A host and a port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// The address in a URL of any form that redis-rs knows.
    ///
    /// # Errors
    ///
    /// redis-rs's own, which show nothing of the URL.
    pub fn from_url(url: &str) -> RedisResult<Self> {
        Ok(Self::from(&url.into_connection_info()?))
    }

    /// The same place, spelled in the one way that all spellings of it share.
    pub(crate) fn canonical(&self) -> Self {
        match self {
            Self::Tcp { host, port } => match host.parse::<IpAddr>() {
                Ok(number) => Self::tcp(number.to_string(), *port),
                Err(_) => Self::tcp(host.trim_end_matches('.').to_ascii_lowercase(), *port),
            },
            Self::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

impl From<&ConnectionInfo> for Address {
    fn from(info: &ConnectionInfo) -> Self {
        info.addr().into()
    }
}

impl From<&ConnectionAddr> for Address {
    fn from(address: &ConnectionAddr) -> Self {
        match address {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Self::tcp(host, *port)
            }
            ConnectionAddr::Unix(path) => Self::Unix(path.clone()),
            // A kind that redis-rs may add: dialling it fails with this text.
            other => Self::Unix(other.to_string().into()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_give_their_host_and_port_and_no_secret() {
        for (url, shown) in [
            ("redis://:hunter2@db.example:6380/3", "db.example:6380"),
            ("redis://app:hunter2@10.0.0.1", "10.0.0.1:6379"),
            ("redis://[::1]:7000", "[::1]:7000"),
            ("redis+unix:///run/redis.sock?pass=hunter2", "/run/redis.sock"),
        ] {
            let address = Address::from_url(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_bad_url_is_an_error_without_the_url() {
        let error = Address::from_url("http://:hunter2@db.example").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
