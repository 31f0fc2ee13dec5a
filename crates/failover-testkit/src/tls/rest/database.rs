//! A database as the API knows it.

/// One database of the cluster.
#[derive(Debug, Clone)]
pub struct RestDatabase {
    pub(super) uid: u64,
    dns_name: String,
    addresses: Vec<String>,
    port: u16,
    lag_ms: u64,
    available: bool,
}

impl RestDatabase {
    /// One without an endpoint that could be matched.
    #[must_use]
    pub fn new(uid: u64) -> Self {
        Self {
            uid,
            dns_name: format!("redis-{uid}.cluster.invalid"),
            addresses: Vec::new(),
            port: 12000,
            lag_ms: 0,
            available: true,
        }
    }

    /// Its endpoint's name.
    #[must_use]
    pub fn dns_name(mut self, name: impl Into<String>) -> Self {
        self.dns_name = name.into();
        self
    }

    /// One more address of its endpoint.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// Its endpoint's port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How far it is behind.
    #[must_use]
    pub fn lag_ms(mut self, milliseconds: u64) -> Self {
        self.lag_ms = milliseconds;
        self
    }

    /// It cannot serve, whatever its lag.
    #[must_use]
    pub fn unavailable(mut self) -> Self {
        self.available = false;
        self
    }

    pub(super) fn json(&self) -> String {
        let quoted: Vec<String> = self.addresses.iter().map(|address| format!("\"{address}\"")).collect();
        format!(
            "{{\"uid\":{},\"name\":\"db-{0}\",\"endpoints\":[{{\"dns_name\":\"{}\",\"addr\":[{}],\"port\":{}}}]}}",
            self.uid,
            self.dns_name,
            quoted.join(","),
            self.port
        )
    }

    /// Why it is not available to whom would bear so much lag; `None` asks for none.
    pub(super) fn trouble(&self, tolerance_ms: Option<u64>) -> Option<&'static str> {
        match tolerance_ms {
            _ if !self.available => Some("bdb_unavailable"),
            Some(tolerance_ms) if self.lag_ms > tolerance_ms => Some("bdb_lagging"),
            _ => None,
        }
    }
}
