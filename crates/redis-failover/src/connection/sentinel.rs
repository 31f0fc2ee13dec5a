//! Databases whose address is asked for: by Sentinel.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use redis::{ErrorKind, RedisError, RedisResult, Value, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::{Address, Endpoint};
use crate::classify::{misconfigured, more_telling};

/// The sentinels that watch over one primary.
///
/// # Clone
///
/// Clones remember together which of them was of use.
#[derive(Clone)]
pub(crate) struct Sentinels(Arc<Inner>);

struct Inner {
    service: String,
    /// At least one.
    sentinels: Vec<Endpoint>,
    /// The one that led to the primary the last time.
    first: AtomicUsize,
}

impl Sentinels {
    /// Sentinels that know the primary by the name `service`; `None` if there are none.
    pub(crate) fn new(service: &str, sentinels: Vec<Endpoint>) -> Option<Self> {
        let inner = Inner { service: service.into(), sentinels, first: AtomicUsize::new(0) };
        (!inner.sentinels.is_empty()).then(|| Self(Arc::new(inner)))
    }

    pub(super) fn first_address(&self) -> &Address {
        // There is one, or `new` would not have made this.
        self.0.sentinels[0].address()
    }

    /// Asks one after the other, so that each has a part of `limit`, and there is time left for the primary.
    pub(super) fn search(&self, limit: Duration) -> Search<'_> {
        let parts = u32::try_from(self.0.sentinels.len()).unwrap_or(u32::MAX).saturating_add(1);
        let first = self.0.first.load(Ordering::Relaxed);
        Search { left: Left::Sentinels { all: &self.0, first, asked: 0, limit: limit / parts }, last: None }
    }
}

/// One search for a database.
pub(super) struct Search<'a> {
    left: Left<'a>,
    last: Option<RedisError>,
}

/// Where it has not been looked for yet.
enum Left<'a> {
    At(Option<&'a Address>),
    Sentinels { all: &'a Inner, first: usize, asked: usize, limit: Duration },
}

impl<'a> Search<'a> {
    /// Of a database that is here or nowhere.
    pub(super) fn at(address: &'a Address) -> Self {
        Self { left: Left::At(Some(address)), last: None }
    }

    /// Where to look next; the last error, if that is nowhere.
    pub(super) async fn next(&mut self) -> RedisResult<Address> {
        loop {
            let (all, at, limit) = match &mut self.left {
                Left::At(address) => {
                    let last = || self.last.take().unwrap_or_else(|| unknown("", "nobody"));
                    return address.take().cloned().ok_or_else(last);
                }
                Left::Sentinels { all, asked, .. } if *asked == all.sentinels.len() => {
                    return Err(in_vain(&all.service, self.last.take()));
                }
                Left::Sentinels { all, first, asked, limit } => {
                    *asked += 1;
                    (*all, (*first + *asked - 1) % all.sentinels.len(), *limit)
                }
            };
            match ask(&all.sentinels[at], &all.service, limit).await {
                Ok(address) => return Ok(address),
                Err(error) => self.failed(error),
            }
        }
    }

    /// The last place was not the right one.
    pub(super) fn failed(&mut self, error: RedisError) {
        self.last = Some(more_telling(self.last.take(), error));
    }

    /// The last place was the right one: whoever told of it is asked first the next time.
    pub(super) fn found(self) {
        if let Left::Sentinels { all, first, asked, .. } = self.left {
            all.first.store((first + asked - 1) % all.sentinels.len(), Ordering::Relaxed);
        }
    }
}

/// No sentinel led to the primary.
fn in_vain(service: &str, last: Option<RedisError>) -> RedisError {
    match last {
        Some(error) if misconfigured(&error).is_some() => error,
        Some(error) => {
            let is_timeout = error.is_timeout();
            let kind = if is_timeout { io::ErrorKind::TimedOut } else { io::ErrorKind::ConnectionRefused };
            let message = format!("no sentinel of {service} leads to its primary: {error}");
            io::Error::new(kind, message).into()
        }
        None => unknown(service, "nobody"),
    }
}

/// Boxed, since to dial a sentinel might be to ask a sentinel, for all the compiler knows.
fn ask<'a>(sentinel: &'a Endpoint, service: &'a str, limit: Duration) -> BoxFuture<'a, RedisResult<Address>> {
    let question = redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(service).take();
    Box::pin(async move {
        let asked = async {
            let mut dialled = sentinel.dial(Some(limit)).await.map_err(|error| refused(sentinel, error))?;
            dialled.connection.send_packed_command(&question).await?.extract_error()
        };
        let answer = timeout(limit, asked).await.map_err(|_| silent(sentinel, limit))??;
        match redis::from_redis_value::<Option<(String, u16)>>(answer)? {
            Some((host, port)) => Ok(Address::tcp(host, port)),
            None => Err(unknown(service, sentinel.address())),
        }
    })
}

/// What a server says that it is, in answer to `ROLE`.
pub(crate) fn role_of(answer: &Value) -> Option<&[u8]> {
    let Value::Array(parts) = answer else { return None };
    match parts.first() {
        Some(Value::BulkString(role)) => Some(role),
        _ => None,
    }
}

/// Whether the server on the other side is a primary.
pub(super) async fn check_primary(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> RedisResult<()> {
    let role = connection.send_packed_command(&redis::cmd("ROLE")).await?.extract_error()?;
    if role_of(&role) == Some(b"master") {
        return Ok(());
    }
    let message = format!("{address} is said to be the primary, but does not say so itself");
    Err(io::Error::new(io::ErrorKind::ConnectionRefused, message).into())
}

/// Says that it was a sentinel who refused a password, and which.
fn refused(sentinel: &Endpoint, error: RedisError) -> RedisError {
    if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("NOAUTH") {
        let said = format!("{}: {error}", sentinel.address());
        (ErrorKind::AuthenticationFailed, "a sentinel refuses user or password", said).into()
    } else {
        error
    }
}

fn silent(sentinel: &Endpoint, limit: Duration) -> RedisError {
    let message = format!("sentinel {} did not answer within {limit:?}", sentinel.address());
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

fn unknown(service: &str, sentinel: impl std::fmt::Display) -> RedisError {
    let said = format!("{sentinel} knows no primary named {service}");
    (ErrorKind::MasterNameNotFoundBySentinel, "no such primary", said).into()
}
