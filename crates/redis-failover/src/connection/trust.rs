use std::{error::Error, fmt};

use super::Address;

/// One side does not trust the other's certificate: a mistake of configuration, and no failure of the database.
///
/// It stands inside the [`std::io::Error`] that a [`Connect`](super::Connect) fails with, and
/// [`ReplyClass`](crate::classify::ReplyClass) finds it there: such a dial is loud, and evicts nothing. A connector
/// of one's own that speaks TLS should give it too:
///
/// ```
/// use std::io;
/// use redis_failover::connection::{Address, TlsTrustError};
///
/// fn expired(address: &Address, source: io::Error) -> io::Error {
///     let error = TlsTrustError::new(address, "its certificate has expired; renew it").with_source(source);
///     io::Error::new(io::ErrorKind::InvalidData, error)
/// }
/// ```
#[derive(Debug)]
pub struct TlsTrustError {
    address: Address,
    reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TlsTrustError {
    /// TLS with this address failed for this reason, which says what to do.
    pub fn new(address: &Address, reason: impl Into<String>) -> Self {
        Self { address: address.clone(), reason: reason.into(), source: None }
    }

    /// What the TLS library says.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// This kind of error, anywhere among `error` and its sources.
    #[must_use]
    pub fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        causes(error).find_map(|error| error.downcast_ref())
    }
}

/// The error, and one after the other what is inside it.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| inner(error))
}

/// What is inside an error. redis-rs hands its inner error out as the `Arc` that it keeps it in, and an I/O error
/// gives the source of what it holds instead of that itself.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(shared) = error.downcast_ref::<std::sync::Arc<dyn Error + Send + Sync>>() {
        let shared: &(dyn Error + 'static) = &**shared;
        Some(shared)
    } else if let Some(held) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        let held: &(dyn Error + 'static) = held;
        Some(held)
    } else {
        error.source()
    }
}

impl fmt::Display for TlsTrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tls with {} failed: {}", self.address, self.reason)
    }
}

impl Error for TlsTrustError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &**self.source.as_ref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use redis::RedisError;

    use super::*;

    fn trust() -> io::Error {
        let address = Address::tcp("db.example", 6380);
        io::Error::new(io::ErrorKind::InvalidData, TlsTrustError::new(&address, "renew it"))
    }

    #[test]
    fn b14_it_is_found_however_deep_it_is() {
        assert!(TlsTrustError::find(&trust()).is_some());
        let redis = RedisError::from(trust());
        assert!(TlsTrustError::find(&redis).is_some());
        let connection = crate::connection::ConnectionError::NotConnected(Arc::new(redis));
        let found = TlsTrustError::find(&connection).unwrap();
        assert_eq!(found.to_string(), "tls with db.example:6380 failed: renew it");
    }

    #[test]
    fn b14_another_error_is_none() {
        assert!(TlsTrustError::find(&io::Error::other("certificate")).is_none());
    }
}
