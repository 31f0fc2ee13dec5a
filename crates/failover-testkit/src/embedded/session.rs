//! One connection: reads requests, has them executed, writes what there is to say.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, sleep_until},
};

use super::{
    client::{ClientId, Outbox},
    commands::Outcome,
    control::Control,
    life::Pulse,
    resp::{Decoder, Value},
};

/// Bytes a blocked client may send ahead before it is read no further.
const READ_AHEAD: usize = 1024 * 1024;

/// Serves one client until it leaves, the server is killed, or the client is.
pub(super) async fn run<S>(control: Control, stream: &mut S, peer: String, mut pulse: Pulse) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (id, outbox) = control.engine().connect(peer);
    let mut session = Session {
        registration: Registration { control, id },
        outbox: Arc::clone(&outbox),
        pulse: pulse.clone(),
        decoder: Decoder::default(),
        stream,
        outgoing: Vec::new(),
    };
    tokio::select! {
        ended = session.serve() => ended,
        error = pulse.killed() => Err(error),
        () = outbox.closed() => Ok(()),
    }
}

/// A connected client; on drop, it is disconnected.
struct Registration {
    control: Control,
    id: ClientId,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.control.engine().disconnect(self.id);
    }
}

struct Session<'a, S> {
    registration: Registration,
    outbox: Arc<Outbox>,
    pulse: Pulse,
    decoder: Decoder,
    stream: &'a mut S,
    outgoing: Vec<u8>,
}

/// Whether a connection goes on.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Leave,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn serve(&mut self) -> io::Result<()> {
        let refused = self.control().engine().condition.refuses_connections();
        if let Some(refusal) = refused {
            self.outbox.send(&refusal.into());
            return self.flush().await;
        }
        loop {
            tokio::select! {
                read = self.stream.read_buf(self.decoder.buffer()) => if read? == 0 {
                    return Ok(());
                },
                () = self.outbox.filled() => {}
            }
            let next = self.execute_all().await?;
            self.flush().await?;
            if next == Next::Leave {
                return Ok(());
            }
        }
    }

    async fn execute_all(&mut self) -> io::Result<Next> {
        loop {
            let request = match self.decoder.next() {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(Next::GoOn),
                Err(error) => {
                    self.outbox.send(&Value::Error(error.0));
                    return Ok(Next::Leave);
                }
            };
            self.pulse.running().await;
            let outcome = self.control().engine().execute(self.id(), &request);
            if self.follow(outcome, &request).await? == Next::Leave {
                return Ok(Next::Leave);
            }
        }
    }

    async fn follow(&mut self, outcome: Outcome, request: &[Vec<u8>]) -> io::Result<Next> {
        match outcome {
            Outcome::Silent => {}
            Outcome::Reply(value) => self.outbox.send(&value),
            Outcome::Stall(duration, value) => {
                self.control().stall(duration);
                self.outbox.send(&value);
            }
            Outcome::Close(value) => {
                self.outbox.send(&value);
                return Ok(Next::Leave);
            }
            Outcome::Blocked(timeout) => {
                let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
                self.control().engine().client(self.id()).blocked = true;
                let next = self.wait(request, deadline).await;
                self.control().engine().client(self.id()).blocked = false;
                return next;
            }
        }
        Ok(Next::GoOn)
    }

    /// Tries a request again whenever a list has grown, until its deadline or the client's end.
    async fn wait(&mut self, request: &[Vec<u8>], deadline: Option<Instant>) -> io::Result<Next> {
        self.flush().await?;
        let list_grew = Arc::clone(&self.control().engine().list_grew);
        loop {
            let mut grown = std::pin::pin!(list_grew.notified());
            grown.as_mut().enable();
            self.pulse.running().await;
            let outcome = self.control().engine().try_again(self.id(), request);
            match outcome {
                Outcome::Blocked(_) => {}
                Outcome::Reply(value) => {
                    self.outbox.send(&value);
                    return Ok(Next::GoOn);
                }
                Outcome::Silent | Outcome::Stall(..) | Outcome::Close(_) => return Ok(Next::GoOn),
            }
            let ahead = self.decoder.buffered() < READ_AHEAD;
            tokio::select! {
                () = grown => {}
                () = at(deadline) => {
                    self.pulse.running().await;
                    self.outbox.send(&Value::NullArray);
                    return Ok(Next::GoOn);
                }
                read = self.stream.read_buf(self.decoder.buffer()), if ahead => if read? == 0 {
                    return Ok(Next::Leave);
                },
                () = self.outbox.filled() => self.flush().await?,
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.pulse.running().await;
        self.outgoing.clear();
        self.outbox.take(&mut self.outgoing);
        if !self.outgoing.is_empty() {
            self.stream.write_all(&self.outgoing).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    fn control(&self) -> &Control {
        &self.registration.control
    }

    fn id(&self) -> ClientId {
        self.registration.id
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
