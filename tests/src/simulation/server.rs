//! A server of the simulated world: an embedded Redis, and a publisher inside it that no network can come between.

use std::{io, net::Ipv4Addr};

use failover_testkit::embedded::{Control, EmbeddedRedis};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::spawn_local,
    time::{Duration, sleep},
};
use turmoil::net::TcpListener;

use super::{
    TICK,
    history::{History, What},
    plan::NAMES,
};

/// Where each server listens.
pub const PORT: u16 = 6379;
/// Where numbers are published.
pub const CHANNEL: &str = "numbers";
/// Where a server's name is kept.
pub const WHO: &str = "who";
/// What stands before the number of a call in keys and values.
pub const CALL: &str = "call:";

const PUBLISHING: Duration = Duration::from_millis(40);

/// One server, whatever becomes of its process.
///
/// # Clone
/// Clones are the same server.
#[derive(Debug, Clone)]
pub struct Server {
    number: usize,
    control: Control,
}

impl Server {
    /// A server whose executed commands go to the history, if they say which call they are of.
    #[must_use]
    pub fn new(number: usize, history: History) -> Self {
        let control = EmbeddedRedis::builder().detached();
        control.keep_journal(move |command, arguments| {
            if let Some(call) = arguments.iter().find_map(|argument| call_in(argument)) {
                history.note(What::Ran { server: number, command: command.to_owned(), call });
            }
        });
        Self { number, control }
    }

    /// Its host's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        NAMES[self.number]
    }

    /// The handle that breaks it.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Runs it: the software of a host.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub async fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        spawn_local(publish(self.clone()));
        loop {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
            loop {
                tokio::select! {
                    biased;
                    () = self.is(false) => break,
                    Ok((stream, _)) = listener.accept() => {
                        let control = self.control.clone();
                        // It ends with the run of the server that it belongs to.
                        spawn_local(async move { control.serve(stream).await });
                    }
                }
            }
            drop(listener);
            self.is(true).await;
        }
    }

    async fn is(&self, up: bool) {
        while self.control.is_up() != up {
            sleep(TICK).await;
        }
    }
}

/// The call that a key or value names.
#[must_use]
pub fn call_in(text: &[u8]) -> Option<u64> {
    let rest = text.strip_prefix(CALL.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// Publishes numbers as long as the server runs, and keeps its name in it, which a restart may have lost.
async fn publish(server: Server) {
    let name = server.name();
    let mut number = 0_u64;
    loop {
        server.is(true).await;
        let (mut inside, stream) = duplex(4096);
        let control = server.control.clone();
        let session = spawn_local(async move { control.serve(stream).await });
        loop {
            number += 1;
            let commands = format!("PUBLISH {CHANNEL} {name}:{number}\r\nSET {WHO} {name}\r\n");
            if exchange(&mut inside, &commands).await.is_err() {
                break;
            }
            sleep(PUBLISHING).await;
        }
        session.abort();
    }
}

/// Sends two commands, and reads their one-line replies.
async fn exchange(inside: &mut DuplexStream, commands: &str) -> io::Result<()> {
    inside.write_all(commands.as_bytes()).await?;
    let (mut lines, mut buffer) = (0, [0; 256]);
    while lines < 2 {
        let read = inside.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(())
}
