//! The bytes of one connection: commands go out, values come in.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use redis::{Cmd, Parser, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::BoxedStream;

/// A stream on which hands have been shaken.
///
/// Whoever polls it reads from the socket itself: no task and no queue stand between, so when it is dropped nothing of
/// this connection comes any more, and a server that sends faster than it is read is slowed down by TCP.
pub(super) struct Wire {
    stream: BoxedStream,
    parser: Parser,
    outgoing: Vec<u8>,
    written: usize,
}

impl Wire {
    pub(super) fn new(stream: BoxedStream) -> Self {
        Self { stream, parser: Parser::new(), outgoing: Vec::new(), written: 0 }
    }

    /// Sent by the next [`poll_flush`](Self::poll_flush).
    pub(super) fn send(&mut self, command: &Cmd) {
        self.outgoing.append(&mut command.get_packed_command());
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.outgoing.len() {
            let stream = Pin::new(&mut self.stream);
            match ready!(stream.poll_write(context, &self.outgoing[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.outgoing.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_value(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Value>> {
        let mut incoming = Incoming { stream: &mut self.stream, context, is_pending: false };
        // The parser keeps what it has of a value until there is more.
        let value = self.parser.parse_value(&mut incoming);
        if incoming.is_pending { Poll::Pending } else { Poll::Ready(value) }
    }
}

/// What can be read without waiting.
struct Incoming<'a, 'b> {
    stream: &'a mut BoxedStream,
    context: &'a mut Context<'b>,
    is_pending: bool,
}

impl Read for Incoming<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        match Pin::new(&mut *self.stream).poll_read(self.context, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => {
                self.is_pending = true;
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn values_come_whole_however_they_are_cut() {
        let (ours, mut theirs) = duplex(3);
        let mut wire = Wire::new(Box::new(ours));
        let writing = tokio::spawn(async move {
            let said = b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n+PONG\r\n-ERR no\r\n";
            for byte in said {
                theirs.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut values = Vec::new();
        for _ in 0..3 {
            values.push(poll_fn(|context| wire.poll_value(context)).await.unwrap());
        }
        writing.await.unwrap();
        let news = ["message", "news", "hi"].map(|word| Value::BulkString(word.into()));
        assert_eq!(values[0], Value::Array(news.into()));
        assert_eq!(values[1], Value::SimpleString("PONG".into()));
        assert!(matches!(&values[2], Value::ServerError(error) if error.code() == "ERR"));
        // The other side has gone.
        poll_fn(|context| wire.poll_value(context)).await.unwrap_err();
    }

    #[tokio::test]
    async fn commands_go_out_whole_however_little_fits() {
        let (ours, mut theirs) = duplex(3);
        let mut wire = Wire::new(Box::new(ours));
        let reading = tokio::spawn(async move {
            let mut read = [0; 28];
            theirs.read_exact(&mut read).await.unwrap();
            (read, theirs)
        });
        wire.send(&redis::cmd("PING"));
        wire.send(&redis::cmd("PING"));
        poll_fn(|context| wire.poll_flush(context)).await.unwrap();
        assert_eq!(&reading.await.unwrap().0, b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n");
    }
}
