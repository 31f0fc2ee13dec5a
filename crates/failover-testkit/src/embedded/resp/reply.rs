//! What the server says, in RESP2 and RESP3.

use std::{borrow::Cow, io::Write as _};

/// The version of the protocol a client has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) enum Protocol {
    Resp2,
    Resp3,
}

impl Protocol {
    pub(in crate::embedded) fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// One reply or pushed message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::embedded) enum Value {
    Simple(Cow<'static, str>),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    /// Text meant for people, as that of INFO.
    Verbatim(String),
    Null,
    /// The absence of an array, which RESP2 tells from that of a string.
    NullArray,
    Array(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Push(Vec<Value>),
}

impl Value {
    pub(in crate::embedded) const OK: Self = Self::Simple(Cow::Borrowed("OK"));

    pub(in crate::embedded) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Bulk(text.as_ref().to_vec())
    }

    /// A string, or its absence.
    pub(in crate::embedded) fn optional(text: Option<impl AsRef<[u8]>>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    pub(in crate::embedded) fn texts(texts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Self> {
        texts.into_iter().map(Self::text).collect()
    }

    pub(in crate::embedded) fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(in crate::embedded) fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        use Protocol::{Resp2, Resp3};
        match (self, protocol) {
            (Self::Simple(text), _) => line(out, '+', text),
            (Self::Error(text), _) => line(out, '-', text),
            (Self::Integer(number), _) => line(out, ':', number),
            (Self::Bulk(bytes), _) => bulk(out, '$', bytes),
            (Self::Verbatim(text), Resp2) => bulk(out, '$', text.as_bytes()),
            (Self::Verbatim(text), Resp3) => bulk(out, '=', format!("txt:{text}").as_bytes()),
            (Self::Null, Resp2) => out.extend_from_slice(b"$-1\r\n"),
            (Self::NullArray, Resp2) => out.extend_from_slice(b"*-1\r\n"),
            (Self::Null | Self::NullArray, Resp3) => out.extend_from_slice(b"_\r\n"),
            (Self::Set(items), Resp3) => sequence(out, '~', items, protocol),
            (Self::Push(items), Resp3) => sequence(out, '>', items, protocol),
            (Self::Array(items) | Self::Set(items) | Self::Push(items), _) => {
                sequence(out, '*', items, protocol);
            }
            (Self::Map(pairs), _) => {
                match protocol {
                    Resp2 => line(out, '*', pairs.len() * 2),
                    Resp3 => line(out, '%', pairs.len()),
                }
                for (key, value) in pairs {
                    key.encode(protocol, out);
                    value.encode(protocol, out);
                }
            }
        }
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Integer(i64::from(yes))
    }
}

fn line(out: &mut Vec<u8>, kind: char, rest: impl std::fmt::Display) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{kind}{rest}\r\n");
}

fn bulk(out: &mut Vec<u8>, kind: char, bytes: &[u8]) {
    line(out, kind, bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn sequence(out: &mut Vec<u8>, kind: char, items: &[Value], protocol: Protocol) {
    line(out, kind, items.len());
    for item in items {
        item.encode(protocol, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &Value, protocol: Protocol) -> String {
        let mut out = Vec::new();
        value.encode(protocol, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_protocol_has_its_own_nulls_maps_and_pushes() {
        let map = Value::Map(vec![(Value::text("a"), Value::Integer(1))]);
        assert_eq!(encoded(&map, Protocol::Resp2), "*2\r\n$1\r\na\r\n:1\r\n");
        assert_eq!(encoded(&map, Protocol::Resp3), "%1\r\n$1\r\na\r\n:1\r\n");
        assert_eq!(encoded(&Value::NullArray, Protocol::Resp2), "*-1\r\n");
        assert_eq!(encoded(&Value::NullArray, Protocol::Resp3), "_\r\n");
        let push = Value::Push(vec![Value::Null]);
        assert_eq!(encoded(&push, Protocol::Resp2), "*1\r\n$-1\r\n");
        assert_eq!(encoded(&push, Protocol::Resp3), ">1\r\n_\r\n");
    }
}
