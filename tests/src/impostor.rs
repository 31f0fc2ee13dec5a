//! Something that listens where a database should be.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// What an [`Impostor`] does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// Listens on.
    Listens,
    /// Closes the connection.
    HangsUp,
}

/// A server that answers whatever it is sent with the same bytes; ended on drop.
#[derive(Debug)]
pub struct Impostor {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Impostor {
    /// Starts one on a free loopback port.
    pub async fn start(answer: &'static [u8], afterwards: Afterwards) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), answer, afterwards).await
    }

    /// Starts one at this address, which somebody else may have had.
    pub async fn start_at(addr: SocketAddr, answer: &'static [u8], afterwards: Afterwards) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, answer, afterwards));
            }
        });
        Self { addr, task }
    }

    /// The URL of the database it pretends to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/", self.addr)
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: TcpStream, answer: &[u8], afterwards: Afterwards) -> io::Result<()> {
    let mut question = [0; 4096];
    while connection.read(&mut question).await? > 0 {
        connection.write_all(answer).await?;
        if afterwards == Afterwards::HangsUp {
            break;
        }
    }
    Ok(())
}
