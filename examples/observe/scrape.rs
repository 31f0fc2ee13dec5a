//! What Prometheus does, as simply as can be.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::BoxError;

/// What is served at `/metrics`.
pub(super) async fn scrape(address: SocketAddr) -> Result<String, BoxError> {
    let mut stream = TcpStream::connect(address).await?;
    // HTTP/1.0 ends the answer with the connection, so that there is nothing to put together.
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no body")?;
    match head.lines().next() {
        Some(status) if status.contains(" 200 ") => Ok(body.to_owned()),
        status => Err(format!("the answer is {status:?}").into()),
    }
}
