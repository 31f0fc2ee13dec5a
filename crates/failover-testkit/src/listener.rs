//! A listening socket that can be closed and opened again on the same port.

use std::{
    future::poll_fn,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
};

/// Connections the kernel keeps for a listener that does not accept: a hung server still connects.
const BACKLOG: u32 = 1024;

#[derive(Debug)]
pub(crate) struct Listener {
    addr: SocketAddr,
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Debug)]
enum State {
    Open(TcpListener),
    /// A socket that is bound but does not listen: it refuses connections and keeps the port from others.
    Closed(Option<TcpSocket>),
    /// One whose queue is full: the kernel drops what asks for a connection, and answers nothing.
    Full {
        _listener: TcpListener,
        _queued: std::net::TcpStream,
    },
}

impl Listener {
    /// Listens on a free loopback port.
    pub(crate) fn bind() -> io::Result<Self> {
        let listener = bound((Ipv4Addr::LOCALHOST, 0).into())?.listen(BACKLOG)?;
        let addr = listener.local_addr()?;
        Ok(Self { addr, state: Mutex::new(State::Open(listener)), opened: Notify::new() })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Refuses connections from now on; those not yet accepted are reset.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        if !matches!(*state, State::Closed(_)) {
            // The port cannot be bound while somebody listens on it, hence the two steps.
            *state = State::Closed(None);
            *state = State::Closed(bound(self.addr).ok());
        }
    }

    /// Answers nobody who wants to connect from now on; those not yet accepted are reset.
    pub(crate) fn ignore(&self) -> io::Result<()> {
        let mut state = self.state();
        *state = State::Closed(None);
        let listener = bound(self.addr)?.listen(0)?;
        // Linux keeps one connection more than it is told.
        let queued = std::net::TcpStream::connect(self.addr)?;
        *state = State::Full { _listener: listener, _queued: queued };
        Ok(())
    }

    /// Accepts connections again.
    pub(crate) fn open(&self) -> io::Result<()> {
        let mut state = self.state();
        let socket = match &mut *state {
            State::Open(_) => return Ok(()),
            State::Closed(socket) => socket.take(),
            State::Full { .. } => {
                *state = State::Closed(None);
                None
            }
        };
        *state = State::Open(socket.map_or_else(|| bound(self.addr), Ok)?.listen(BACKLOG)?);
        self.opened.notify_waiters();
        Ok(())
    }

    /// The next connection; while closed, waits for the opening.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            let mut opened = pin!(self.opened.notified());
            opened.as_mut().enable();
            let accepted = poll_fn(|context| match &*self.state() {
                State::Open(listener) => listener.poll_accept(context),
                State::Closed(_) | State::Full { .. } => Poll::Pending,
            });
            tokio::select! {
                connection = accepted => return connection,
                () = opened => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Makes the coming drop of a stream a reset (RST) instead of an orderly end (FIN).
pub(crate) fn reset_on_drop(stream: &TcpStream) {
    // Fails only on a socket that is closed already.
    let _ = socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_closed_listener_refuses_and_comes_back_on_its_port() {
        let listener = Listener::bind().unwrap();
        listener.close();
        let error = TcpStream::connect(listener.addr()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

        let (accepted, ()) = tokio::join!(listener.accept(), async {
            tokio::task::yield_now().await;
            listener.open().unwrap();
            TcpStream::connect(listener.addr()).await.unwrap();
        });
        accepted.unwrap();
    }
}
