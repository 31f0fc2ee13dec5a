//! The handle that sets the faults and reads the counters.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{net::TcpStream, sync::watch};

use super::faults::{Direction, Each, Faults};
use crate::listener::Listener;

/// Sets the faults of a [`FaultProxy`](super::FaultProxy) and reads its counters.
///
/// # Clone
///
/// Clones control the same proxy.
#[derive(Debug, Clone)]
pub struct ProxyControl(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    listener: Listener,
    faults: watch::Sender<Faults>,
    /// Bytes of replies still let through before the connection that carries them is closed.
    cut_after: Mutex<Option<usize>>,
    accepted: AtomicU64,
    open: AtomicUsize,
    bytes: Each<AtomicU64>,
}

impl ProxyControl {
    pub(super) fn new(upstream: SocketAddr) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            upstream,
            listener: Listener::bind()?,
            faults: watch::Sender::new(Faults::default()),
            cut_after: Mutex::new(None),
            accepted: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            bytes: Each::default(),
        })))
    }

    /// The address clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.listener.addr()
    }

    /// Delays all bytes by `latency` plus a random part of `jitter`, each way.
    ///
    /// Bytes are time-stamped on arrival and stay in order, so the throughput is kept. The resolution is
    /// that of the runtime's timer, one millisecond.
    pub fn latency(&self, latency: Duration, jitter: Duration) {
        self.change(|faults| (faults.latency, faults.jitter) = (latency, jitter));
    }

    /// Swallows all bytes both ways, on existing and on new connections, which are still accepted.
    ///
    /// The end of a connection is swallowed too, as by a cut cable: until [`heal`](Self::heal) neither side
    /// learns that the other has closed.
    pub fn black_hole(&self) {
        self.change(|faults| faults.lost = Each { to_server: true, to_client: true });
    }

    /// Swallows all bytes both ways on the existing connections, as a router does that has forgotten them. New ones
    /// work.
    pub fn forget_connections(&self) {
        let accepted = self.connections_accepted();
        self.change(|faults| faults.lost_up_to = accepted);
    }

    /// Swallows all bytes both ways on the connections to come, which are still accepted. Existing ones work.
    pub fn swallow_new(&self) {
        let accepted = self.connections_accepted();
        self.change(|faults| faults.lost_after = Some(accepted));
    }

    /// Delivers this `share` of what is sent only when TCP has sent it again: after 200 ms, then 400 ms and so on, and
    /// what follows it on its connection later still. The beginning of a connection comes after 1 s, then 2 s.
    ///
    /// That is what loss looks like above TCP, on a way so short that the shortest waits apply.
    pub fn lose_segments(&self, share: f64) {
        self.change(|faults| faults.segments_lost = share);
    }

    /// Swallows all bytes one way, as [`black_hole`](Self::black_hole) does both ways.
    pub fn lose(&self, direction: Direction) {
        self.change(|faults| *faults.lost.get_mut(direction) = true);
    }

    /// Resets all existing connections (RST on both sides). New ones work.
    pub fn reset(&self) {
        let accepted = self.connections_accepted();
        self.change(|faults| faults.reset_up_to = accepted);
    }

    /// Resets all existing connections, and each new one as soon as it is accepted.
    pub fn reset_all(&self) {
        self.change(|faults| faults.reset = true);
    }

    /// Ends one way of all existing connections, and of each new one as soon as it is accepted.
    pub fn half_close_all(&self, direction: Direction) {
        self.change(|faults| *faults.half_closed.get_mut(direction) = true);
    }

    /// Ends one way of all existing connections (FIN to the receiver); the other way goes on.
    ///
    /// What is still sent that way is swallowed.
    pub fn half_close(&self, direction: Direction) {
        let accepted = self.connections_accepted();
        self.change(|faults| *faults.half_closed_up_to.get_mut(direction) = accepted);
    }

    /// Refuses new connections. Existing ones go on.
    pub fn refuse(&self) {
        self.0.listener.close();
    }

    /// Does not answer who wants to connect: no connection, and no refusal. Existing ones go on.
    ///
    /// # Errors
    ///
    /// If the port cannot be listened on again.
    pub fn ignore(&self) -> io::Result<()> {
        self.0.listener.ignore()
    }

    /// Accepts new connections again, on the same port.
    ///
    /// # Errors
    ///
    /// If the port cannot be listened on again.
    pub fn accept_again(&self) -> io::Result<()> {
        self.0.listener.open()
    }

    /// Lets `bytes` more bytes of replies through, counted over all connections, and then closes the
    /// connection that carries the next one. This happens once.
    pub fn cut_reply(&self, bytes: usize) {
        *self.0.cut_after.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// Ends all faults: no latency, no loss, new connections are accepted.
    ///
    /// Lost bytes stay lost, and a connection that went on without them would be answered wrongly; so those
    /// that have lost some, or were opened in a black hole, are reset. The others go on.
    ///
    /// # Errors
    ///
    /// As [`accept_again`](Self::accept_again).
    pub fn heal(&self) -> io::Result<()> {
        *self.0.cut_after.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.change(|faults| {
            *faults = Faults {
                half_closed_up_to: faults.half_closed_up_to,
                reset_up_to: faults.reset_up_to,
                ..Faults::default()
            };
        });
        self.accept_again()
    }

    /// Connections accepted since the start.
    #[must_use]
    pub fn connections_accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now.
    #[must_use]
    pub fn connections_open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Bytes delivered one way since the start, without the swallowed ones.
    #[must_use]
    pub fn bytes(&self, direction: Direction) -> u64 {
        self.0.bytes.get(direction).load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.0.faults.send_modify(change);
    }

    pub(super) fn faults(&self) -> watch::Receiver<Faults> {
        self.0.faults.subscribe()
    }

    pub(super) fn upstream(&self) -> SocketAddr {
        self.0.upstream
    }

    /// The next client, with the number of its connection counted from one.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, Ticket)> {
        let (client, _) = self.0.listener.accept().await?;
        let number = self.0.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok((client, Ticket { number, control: self.clone() }))
    }

    pub(super) fn delivered(&self, direction: Direction, bytes: usize) {
        self.0.bytes.get(direction).fetch_add(bytes as u64, Ordering::SeqCst);
    }

    /// How many of `bytes` bytes of a reply go through, if the connection is to be closed after them.
    pub(super) fn cut(&self, bytes: usize) -> Option<usize> {
        let mut cut_after = self.0.cut_after.lock().unwrap_or_else(PoisonError::into_inner);
        let left = (*cut_after)?;
        if bytes <= left {
            *cut_after = Some(left - bytes);
            return None;
        }
        *cut_after = None;
        Some(left)
    }
}

/// One open connection; it is counted until its drop.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) control: ProxyControl,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.control.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
