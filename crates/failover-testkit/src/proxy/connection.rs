//! One proxied connection: its two pumps, and what ends them.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::{net::TcpStream, sync::watch, time::sleep};

use super::{
    control::Ticket,
    delay::{FIRST_OF_SYN, retransmission},
    faults::{Direction, Faults},
    pump::{self, Broken},
};
use crate::listener::reset_on_drop;

/// What the two pumps of a connection share.
pub(super) struct Connection {
    pub(super) ticket: Ticket,
    lost_bytes: AtomicBool,
}

impl Connection {
    pub(super) fn faults(&self) -> watch::Receiver<Faults> {
        self.ticket.control.faults()
    }

    /// Whether what goes `direction` is swallowed now; the connection remembers that it was.
    pub(super) fn loses(&self, faults: &watch::Receiver<Faults>, direction: Direction) -> bool {
        let lost = faults.borrow().loses(self.ticket.number, direction);
        if lost {
            self.lost_bytes.store(true, Ordering::SeqCst);
        }
        lost
    }

    async fn reset_wanted(&self) {
        let mut faults = self.faults();
        // Fails only when the control is gone, and the ticket holds it.
        let _ = faults
            .wait_for(|faults| {
                let healed = self.lost_bytes.load(Ordering::SeqCst) && !faults.lose_any();
                healed || faults.resets(self.ticket.number)
            })
            .await;
    }

    async fn connect(&self) -> Option<TcpStream> {
        if self.loses(&self.faults(), Direction::ToServer) {
            // The server never hears of this connection; the reset at the healing is all that comes.
            return std::future::pending().await;
        }
        let segments_lost = self.faults().borrow().segments_lost;
        sleep(retransmission(FIRST_OF_SYN, segments_lost)).await;
        TcpStream::connect(self.ticket.control.upstream()).await.ok()
    }

    async fn forward(&self, client: &mut TcpStream, server: &mut TcpStream) -> Result<(), Broken> {
        // Small messages are the rule; joining them would be a latency nobody asked for.
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump::run(self, Direction::ToServer, from_client, to_server);
        let back = pump::run(self, Direction::ToClient, from_server, to_client);
        tokio::try_join!(there, back).map(drop)
    }
}

pub(super) async fn run(mut client: TcpStream, ticket: Ticket) {
    let connection = Connection { ticket, lost_bytes: AtomicBool::new(false) };
    let connected = tokio::select! {
        server = connection.connect() => server,
        () = connection.reset_wanted() => None,
    };
    let Some(mut server) = connected else {
        reset_on_drop(&client);
        return;
    };
    let ended = tokio::select! {
        ended = connection.forward(&mut client, &mut server) => ended,
        () = connection.reset_wanted() => Err(Broken::Reset),
    };
    if let Err(Broken::Reset) = ended {
        reset_on_drop(&client);
        reset_on_drop(&server);
    }
}
