//! A stream that redis-rs has for its handshake only.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::BoxedStream;

/// redis-rs keeps the stream it shakes hands on. So it gets this one, and the real one is taken back afterwards.
#[derive(Clone)]
pub(super) struct Lent(Arc<Mutex<BoxedStream>>);

impl Lent {
    pub(super) fn new(stream: BoxedStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// The stream, once whoever borrowed it has let go.
    pub(super) fn take_back(self) -> io::Result<BoxedStream> {
        let stream = Arc::into_inner(self.0).ok_or_else(|| io::Error::other("the stream is still in use"))?;
        Ok(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn stream(&self) -> MutexGuard<'_, BoxedStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_shutdown(context)
    }
}
