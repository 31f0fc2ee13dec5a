//! A request, as far as it matters here.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest head of a request that is read.
const LONGEST_HEAD: u64 = 16 * 1024;

#[derive(Debug)]
pub(super) struct Request {
    /// The path with its query.
    pub(super) target: String,
    authorization: Option<String>,
}

impl Request {
    /// The next request; `None` at the end of the connection. GET has no body.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut stream = stream.take(LONGEST_HEAD);
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let target =
            lines.next().and_then(|line| line.strip_prefix("GET ")).and_then(|line| line.split(' ').next());
        let Some(target) = target else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a GET"));
        };
        let authorization = lines
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            .map(|(_, value)| value.to_owned());
        Ok(Some(Self { target: target.to_owned(), authorization }))
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Whether it carries this user and password.
    pub(super) fn is_from(&self, user: &str, password: &str) -> bool {
        let expected = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
        self.authorization.as_deref() == Some(&expected)
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("admin:secret", "YWRtaW46c2VjcmV0")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
