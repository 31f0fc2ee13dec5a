use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use failover_testkit::tls::Authority;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use super::super::{Current, Tls, client::server_name, explained::Explained};
use crate::connection::{Address, TlsTrustError};

/// A stream that can be written to until its other end has gone.
struct Half {
    stream: DuplexStream,
    gone: Arc<AtomicBool>,
}

impl AsyncRead for Half {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Half {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gone.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test]
async fn b14_a_refusal_is_read_although_the_server_has_gone_by_then() {
    let authority = Authority::new();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let gone = Arc::new(AtomicBool::new(false));
    let half = Half { stream: ours, gone: Arc::clone(&gone) };
    let current = Current::load(Tls::new().ca_data(authority.pem())).unwrap();
    let name = server_name("db.example").unwrap();
    let acceptor = authority.server(["db.example"]).acceptor(Some(&authority));
    let connector = current.config().await.into();
    let address = Address::tcp("db.example", 6380);
    let (ours, theirs) =
        tokio::join!(Explained::handshake(connector, name, Box::new(half), &address), async {
            acceptor.accept(theirs).await.map(drop)
        },);
    assert!(theirs.is_err(), "the server does not let us in");
    gone.store(true, Ordering::SeqCst);
    let mut ours = ours.unwrap();
    let written = ours.write_all(b"PING\r\n").await.and(ours.flush().await);
    let error = written.unwrap_err();
    let found = TlsTrustError::find(&error).unwrap_or_else(|| panic!("{error}"));
    assert!(found.to_string().contains("client_cert_file"), "{found}");
}
