//! One direction of one connection.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{ReadHalf, WriteHalf},
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    connection::Connection,
    delay::{Delay, FIRST, retransmission},
    faults::Direction,
};

/// Bytes of one read.
const CHUNK: usize = 16 * 1024;
/// Chunks on their way: 4 MiB of them in one direction, after which the sender is slowed down.
const IN_FLIGHT: usize = 256;

/// Why a connection ends without both sides having closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// By a reset, of one side or wanted here.
    Reset,
    /// In the middle of a reply.
    Cut,
}

/// Bytes and their delivery time; none mark the end of the stream.
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
}

pub(super) async fn run(
    connection: &Connection,
    direction: Direction,
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
) -> Result<(), Broken> {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    let deliver = async {
        let mut half_closed = connection.faults();
        tokio::select! {
            delivered = deliver(connection, direction, receiver, &mut to) => delivered?,
            _ = half_closed.wait_for(|faults| {
                faults.half_closes(connection.ticket.number, direction)
            }) => {}
        }
        // The other side may have closed already.
        let _ = to.shutdown().await;
        Ok(())
    };
    tokio::try_join!(receive(connection, direction, from, sender), deliver).map(drop)
}

async fn receive(
    connection: &Connection,
    direction: Direction,
    mut from: ReadHalf<'_>,
    queue: mpsc::Sender<Chunk>,
) -> Result<(), Broken> {
    let faults = connection.faults();
    let mut delay = Delay::new(Instant::now());
    let mut buffer = vec![0; CHUNK];
    loop {
        let Ok(read) = from.read(&mut buffer).await else {
            return broken(connection, direction, &faults).await;
        };
        let (latency, jitter) = {
            let faults = faults.borrow();
            (faults.latency + retransmission(FIRST, faults.segments_lost), faults.jitter)
        };
        let due = delay.stamp(Instant::now(), latency, jitter, fastrand::f64());
        // Fails when this direction is half-closed: what comes then goes nowhere.
        let _ = queue.send(Chunk { due, bytes: buffer[..read].to_vec() }).await;
        if read == 0 {
            return Ok(());
        }
    }
}

async fn deliver(
    connection: &Connection,
    direction: Direction,
    mut queue: mpsc::Receiver<Chunk>,
    to: &mut WriteHalf<'_>,
) -> Result<(), Broken> {
    let faults = connection.faults();
    while let Some(Chunk { due, bytes }) = queue.recv().await {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        if connection.loses(&faults, direction) {
            if bytes.is_empty() {
                // The end is lost as well.
                return std::future::pending().await;
            }
            continue;
        }
        let cut = match direction {
            Direction::ToServer => None,
            Direction::ToClient => connection.ticket.control.cut(bytes.len()),
        };
        let passed = &bytes[..cut.unwrap_or(bytes.len())];
        if to.write_all(passed).await.is_err() {
            return broken(connection, direction, &faults).await;
        }
        connection.ticket.control.delivered(direction, passed.len());
        if cut.is_some() {
            let _ = to.shutdown().await;
            return Err(Broken::Cut);
        }
    }
    Ok(())
}

/// A side has reset the connection: the other one learns it, unless the news is lost.
async fn broken(
    connection: &Connection,
    direction: Direction,
    faults: &watch::Receiver<super::faults::Faults>,
) -> Result<(), Broken> {
    if connection.loses(faults, direction) {
        return std::future::pending().await;
    }
    Err(Broken::Reset)
}
