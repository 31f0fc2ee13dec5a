//! What a server says on a subscriber's connection, in RESP2 and RESP3.

use redis::{Msg, PushInfo, PushKind, ServerError, Value};

use super::subscription::{Change, Kind};

/// One thing that was said.
pub(super) enum Heard {
    Message(Msg),
    /// A subscription began or ended.
    Changed(Change, Kind),
    Pong,
    Refusal(ServerError),
    /// Something for somebody else; it only shows that the server lives.
    Aside,
}

impl Heard {
    /// `None` if a subscriber's connection has no such thing.
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Push { kind, data } => Self::of_push(kind, data),
            // In RESP2, what is pushed comes as an array that begins with its kind.
            Value::Array(mut items) if !items.is_empty() => match items.remove(0) {
                Value::BulkString(word) if word == b"pong" => Some(Self::Pong),
                Value::BulkString(word) => Self::of_push(kind_of(&word)?, items),
                _ => None,
            },
            Value::SimpleString(word) if word == "PONG" => Some(Self::Pong),
            Value::ServerError(error) => Some(Self::Refusal(error)),
            _ => None,
        }
    }

    fn of_push(kind: PushKind, data: Vec<Value>) -> Option<Self> {
        let heard = match kind {
            PushKind::Message | PushKind::PMessage | PushKind::SMessage => {
                Self::Message(Msg::from_push_info(PushInfo { kind, data })?)
            }
            PushKind::Subscribe => Self::Changed(Change::Begin, Kind::Channel),
            PushKind::PSubscribe => Self::Changed(Change::Begin, Kind::Pattern),
            PushKind::SSubscribe => Self::Changed(Change::Begin, Kind::Shard),
            PushKind::Unsubscribe => Self::Changed(Change::End, Kind::Channel),
            PushKind::PUnsubscribe => Self::Changed(Change::End, Kind::Pattern),
            PushKind::SUnsubscribe => Self::Changed(Change::End, Kind::Shard),
            _ => Self::Aside,
        };
        Some(heard)
    }
}

fn kind_of(word: &[u8]) -> Option<PushKind> {
    Some(match word {
        b"message" => PushKind::Message,
        b"pmessage" => PushKind::PMessage,
        b"smessage" => PushKind::SMessage,
        b"subscribe" => PushKind::Subscribe,
        b"psubscribe" => PushKind::PSubscribe,
        b"ssubscribe" => PushKind::SSubscribe,
        b"unsubscribe" => PushKind::Unsubscribe,
        b"punsubscribe" => PushKind::PUnsubscribe,
        b"sunsubscribe" => PushKind::SUnsubscribe,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use redis::parse_redis_value;

    use super::*;

    fn shown(said: &str) -> String {
        match Heard::of(parse_redis_value(said.as_bytes()).unwrap()) {
            Some(Heard::Message(message)) => {
                let pattern: Option<String> = message.get_pattern().unwrap();
                let pattern = pattern.map(|pattern| format!(" by {pattern}")).unwrap_or_default();
                let payload: String = message.get_payload().unwrap();
                format!("{payload} on {}{pattern}", message.get_channel_name())
            }
            Some(Heard::Changed(change, kind)) => format!("{change:?} {kind:?}"),
            Some(Heard::Pong) => "pong".into(),
            Some(Heard::Refusal(error)) => error.code().into(),
            Some(Heard::Aside) => "aside".into(),
            None => "out of step".into(),
        }
    }

    #[test]
    fn b43_messages_of_all_kinds_are_read_in_both_protocols() {
        for sign in ['*', '>'] {
            let plain = format!("{sign}3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
            assert_eq!(shown(&plain), "hi on news");
            let pattern = format!("{sign}4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
            assert_eq!(shown(&pattern), "hi on news by n*");
            let sharded = format!("{sign}3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
            assert_eq!(shown(&sharded), "hi on news");
            let begun = format!("{sign}3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
            assert_eq!(shown(&begun), "Begin Channel");
            let ended = format!("{sign}3\r\n$12\r\nsunsubscribe\r\n$4\r\nnews\r\n:0\r\n");
            assert_eq!(shown(&ended), "End Shard");
        }
    }

    #[test]
    fn b44_answers_to_a_ping_are_read_in_both_protocols() {
        assert_eq!(shown("+PONG\r\n"), "pong");
        assert_eq!(shown("*2\r\n$4\r\npong\r\n$0\r\n\r\n"), "pong");
    }

    #[test]
    fn the_rest_is_a_refusal_an_aside_or_out_of_step() {
        assert_eq!(shown("-NOPERM no\r\n"), "NOPERM");
        assert_eq!(shown(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n"), "aside");
        assert_eq!(shown(":1\r\n"), "out of step");
        assert_eq!(shown("*1\r\n$5\r\nhello\r\n"), "out of step");
        assert_eq!(shown("*0\r\n"), "out of step");
        assert_eq!(shown("*2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n"), "out of step");
    }
}
