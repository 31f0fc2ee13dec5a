//! The client's end of the wire: how it dials in the simulated world.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use redis_failover::connection::{Address, BoxedStream, Connect};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

/// Dials through turmoil, and counts what is open.
///
/// # Clone
/// Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Network(Arc<AtomicUsize>);

impl Network {
    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connect for Network {
    fn connect<'a>(&'a self, address: &'a Address) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let Address::Tcp { host, port } = address else {
                return Err(io::Error::new(io::ErrorKind::Unsupported, format!("cannot dial {address}")));
            };
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Counted { stream, open: Arc::clone(&self.0) }) as BoxedStream)
        })
    }
}

/// A stream that is counted until it is dropped.
struct Counted {
    stream: TcpStream,
    open: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
