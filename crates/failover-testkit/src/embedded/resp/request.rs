//! What clients ask, read from bytes that come in any pieces.

use std::mem;

/// Longest line without its end, as in Redis (`PROTO_INLINE_MAX_SIZE`).
const LINE_MAX: usize = 64 * 1024;
/// Most arguments of one request, as in Redis.
const ARGUMENTS_MAX: i64 = 1024 * 1024;
/// Most bytes of one request. Redis allows 512 MiB; tests do with less.
const REQUEST_MAX: usize = 64 * 1024 * 1024;

/// Splits a stream of bytes into requests.
///
/// Memory is taken for bytes that came, never for a length that was announced.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    request: Vec<Vec<u8>>,
    /// Arguments still to come of `request`.
    missing: usize,
    /// The announced length of the argument that comes next.
    length: Option<usize>,
}

/// Bytes that are no request. The message is the one Redis sends before it closes the connection.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::embedded) struct ProtocolError(pub(in crate::embedded) String);

impl Decoder {
    /// Where bytes that were read are to be appended.
    pub(in crate::embedded) fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.reserve(4096);
        &mut self.buffer
    }

    /// Bytes that were read and not yet taken.
    pub(in crate::embedded) fn buffered(&self) -> usize {
        self.buffer.len() - self.done
    }

    /// The next complete request, if there is one; never an empty one.
    pub(in crate::embedded) fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
        let request = self.decode();
        if !matches!(request, Ok(Some(_))) {
            self.buffer.drain(..self.done);
            self.done = 0;
        }
        request
    }

    fn decode(&mut self) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
        loop {
            if self.missing == 0 {
                let Some(line) = self.line()? else { return Ok(None) };
                if line.first() != Some(&b'*') {
                    let words = words(&line);
                    if words.is_empty() {
                        continue;
                    }
                    return Ok(Some(words));
                }
                // A count of zero or less is an empty request, which is skipped.
                let count = number(&line[1..])
                    .filter(|count| *count <= ARGUMENTS_MAX)
                    .ok_or_else(|| error("invalid multibulk length"))?;
                self.missing = usize::try_from(count).unwrap_or(0);
                continue;
            }
            let Some(argument) = self.argument()? else { return Ok(None) };
            self.request.push(argument);
            self.missing -= 1;
            if self.missing == 0 {
                return Ok(Some(mem::take(&mut self.request)));
            }
        }
    }

    fn argument(&mut self) -> Result<Option<Vec<u8>>, ProtocolError> {
        let length = match self.length {
            Some(length) => length,
            None => {
                let Some(line) = self.line()? else { return Ok(None) };
                let length = self.argument_length(&line)?;
                self.length = Some(length);
                length
            }
        };
        // The two bytes after it are not looked at, as in Redis.
        if self.buffered() < length + 2 {
            return Ok(None);
        }
        let argument = self.buffer[self.done..self.done + length].to_vec();
        self.done += length + 2;
        self.length = None;
        Ok(Some(argument))
    }

    fn argument_length(&self, line: &[u8]) -> Result<usize, ProtocolError> {
        let Some((b'$', digits)) = line.split_first() else {
            let found = line.first().copied().map_or(' ', char::from);
            return Err(error(&format!("expected '$', got '{}'", found.escape_default())));
        };
        let length = number(digits)
            .and_then(|length| usize::try_from(length).ok())
            .ok_or_else(|| error("invalid bulk length"))?;
        let before: usize = self.request.iter().map(Vec::len).sum();
        if length > REQUEST_MAX.saturating_sub(before) {
            return Err(error("invalid bulk length"));
        }
        Ok(length)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, ProtocolError> {
        let rest = &self.buffer[self.done..];
        let window = &rest[..rest.len().min(LINE_MAX)];
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            if rest.len() >= LINE_MAX {
                return Err(error("too big inline request"));
            }
            return Ok(None);
        };
        let line = window[..end].strip_suffix(b"\r").unwrap_or(&window[..end]).to_vec();
        self.done += end + 1;
        Ok(Some(line))
    }
}

fn words(line: &[u8]) -> Vec<Vec<u8>> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn error(reason: &str) -> ProtocolError {
    ProtocolError(format!("ERR Protocol error: {reason}"))
}

/// The requests in bytes that come in these pieces, and why the last one is none.
#[cfg(fuzzing)]
pub fn fuzz<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<Vec<u8>>>, Option<String>) {
    let (mut decoder, mut requests) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next() {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => break,
                Err(error) => return (requests, Some(error.0)),
            }
        }
        assert!(decoder.request.capacity() <= 64.max(2 * decoder.request.len()), "for what is announced");
    }
    (requests, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pieces: &[&[u8]]) -> Result<Vec<Vec<String>>, ProtocolError> {
        let mut decoder = Decoder::default();
        let mut requests = Vec::new();
        for piece in pieces {
            decoder.buffer().extend_from_slice(piece);
            while let Some(request) = decoder.next()? {
                let texts = request.into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
                requests.push(texts.collect());
            }
        }
        Ok(requests)
    }

    #[test]
    fn requests_come_in_any_pieces() {
        let bytes = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*0\r\nPING  x\r\n\r\n*1\r\n$0\r\n\r\n";
        let expected: Vec<Vec<String>> =
            vec![vec!["GET".into(), "k".into()], vec!["PING".into(), "x".into()], vec![String::new()]];
        assert_eq!(decoded(&[bytes]).unwrap(), expected);
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decoded(&singles).unwrap(), expected);
    }

    #[test]
    fn garbage_gets_the_errors_of_redis() {
        let message = |bytes: &[u8]| decoded(&[bytes]).unwrap_err().0;
        assert_eq!(message(b"*x\r\n"), "ERR Protocol error: invalid multibulk length");
        assert_eq!(message(b"*2000000\r\n"), "ERR Protocol error: invalid multibulk length");
        assert_eq!(message(b"*1\r\n:3\r\n"), "ERR Protocol error: expected '$', got ':'");
        assert_eq!(message(b"*1\r\n$-1\r\n"), "ERR Protocol error: invalid bulk length");
        assert_eq!(message(b"*1\r\n$99999999999\r\n"), "ERR Protocol error: invalid bulk length");
        assert_eq!(message(&[b'a'; 70_000]), "ERR Protocol error: too big inline request");
    }

    #[test]
    fn random_bytes_neither_panic_nor_take_memory() {
        let mut random = fastrand::Rng::with_seed(7);
        let alphabet = b"*$0123456789\r\n-+ab\xff";
        for _ in 0..20_000 {
            let length = random.usize(..60);
            let bytes: Vec<u8> = (0..length).map(|_| alphabet[random.usize(..alphabet.len())]).collect();
            let mut decoder = Decoder::default();
            decoder.buffer().extend_from_slice(&bytes);
            while let Ok(Some(_)) = decoder.next() {}
            assert!(decoder.buffer.capacity() < 16 * 1024);
            assert!(decoder.request.capacity() < 64);
        }
    }
}
