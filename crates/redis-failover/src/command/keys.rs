//! Which slots of a cluster a call is about.

use redis::Cmd;

use super::{Command, arguments::Arguments, table};

/// The slots of a call's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    /// It names no keys, or none that are known to be keys.
    None,
    One(u16),
    Several,
}

impl Slots {
    fn and(self, slot: u16) -> Self {
        match self {
            Self::None => Self::One(slot),
            Self::One(one) if one == slot => self,
            _ => Self::Several,
        }
    }
}

impl Command<'_> {
    pub(crate) fn slots(&self) -> Slots {
        self.commands().flat_map(slots_of).fold(Slots::None, Slots::and)
    }
}

/// A command's first key.
pub(crate) fn first_key(command: &Cmd) -> Option<Vec<u8>> {
    let words = Arguments::of(command);
    let slot = slot_of(command)?;
    words.from(1).find(|word| self::slot(word) == slot).map(<[u8]>::to_vec)
}

/// The slot of a command's first key.
pub(crate) fn slot_of(command: &Cmd) -> Option<u16> {
    slots_of(command).first().copied()
}

/// The slots of a command's keys, in their order.
fn slots_of(command: &Cmd) -> Vec<u16> {
    let Some(entry) = table::lookup(command).filter(|entry| entry.is_keyed()) else { return Vec::new() };
    let words = Arguments::of(command);
    let slots = |keys: &mut dyn Iterator<Item = usize>| keys.map(|at| slot(words.get(at))).collect();
    if let Some(mut keys) = entry.keys(words.len()) {
        return slots(&mut keys);
    }
    let counted = |at: usize| {
        let count = words.number(at).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        let first = at + 1;
        first..first.saturating_add(count).min(words.len())
    };
    let mut keys = match entry.name() {
        "EVAL" | "EVALSHA" | "EVAL_RO" | "EVALSHA_RO" | "FCALL" | "FCALL_RO" | "BLMPOP" | "BZMPOP" => {
            counted(2)
        }
        "LMPOP" | "ZMPOP" | "SINTERCARD" | "ZINTERCARD" | "ZUNION" | "ZINTER" | "ZDIFF" => counted(1),
        "XREAD" | "XREADGROUP" => match words.find(1, &["STREAMS"]) {
            // As many ids as keys follow.
            Some(at) => at + 1..at + 1 + (words.len() - at - 1) / 2,
            None => 0..0,
        },
        // The first word that is no command's name or option is a key in all others that are left.
        _ => 1..words.len().min(2),
    };
    slots(&mut keys)
}

/// The slot of a key: CRC16 (XMODEM) of its hash tag, if it has one, or else of all of it.
pub(crate) fn slot(key: &[u8]) -> u16 {
    const SLOTS: u16 = 16_384;
    let tag = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|&byte| byte == b'}').filter(|&close| close > 0)?;
        Some(&rest[..close])
    });
    let crc = tag.unwrap_or(key).iter().fold(0_u16, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(words: &str) -> Slots {
        let mut command = Cmd::new();
        for word in words.split(' ') {
            command.arg(word);
        }
        Command::from(command).slots()
    }

    #[test]
    fn slots_are_those_of_redis() {
        // As CLUSTER KEYSLOT answers.
        for (key, expected) in
            [("", 0), ("a", 15_495), ("b", 3300), ("c", 7365), ("foo", 12_182), ("123456789", 12_739)]
        {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_eq!(slot(b"{foo}bar"), 12_182);
        assert_eq!(slot(b"bar{foo}{a}"), 12_182);
        assert_eq!(slot(b"{}foo"), 9_500, "an empty tag is none");
        assert_eq!(slot(b"{foo"), 13_308);
    }

    #[test]
    fn keys_are_found_wherever_a_command_has_them() {
        let foo = Slots::One(12_182);
        for command in [
            "GET foo",
            "SET foo 1",
            "BLPOP foo {foo}2 0",
            "MGET foo {foo}2",
            "EVAL script 1 foo a",
            "XREAD COUNT 1 STREAMS foo 0",
            "XREADGROUP GROUP g c STREAMS foo {foo}2 > >",
            "BLMPOP 0 2 foo {foo}2 LEFT",
            "ZUNION 2 foo {foo}2",
            "WATCH foo",
            "BLMOVE foo {foo}2 LEFT RIGHT 0",
            "XREAD STREAMS foo a 0", // Not as many ids as keys: the server will refuse it.
        ] {
            assert_eq!(slots(command), foo, "{command}");
        }
        for command in ["MGET foo a", "BLPOP foo a 0", "BLMPOP 0 2 foo a LEFT"] {
            assert_eq!(slots(command), Slots::Several, "{command}");
        }
        for command in ["PING", "WAIT 1 0", "EVAL script 0 a", "NOSUCHCOMMAND foo", "BLMPOP 0 99999999999 "] {
            assert!(matches!(slots(command), Slots::None | Slots::One(0)), "{command}");
        }
    }

    #[test]
    fn b55_the_first_key_is_the_first_word_in_the_place_of_a_key() {
        for (line, key) in [
            ("GET foo", Some("foo")),
            ("MSET a 1 b 2", Some("a")),
            ("EVAL a 2 b a", Some("b")),
            ("XREAD COUNT 1 STREAMS foo 0", Some("foo")),
            ("PING", None),
            ("NOSUCHCOMMAND foo", None),
        ] {
            let mut command = Cmd::new();
            for word in line.split(' ') {
                command.arg(word);
            }
            assert_eq!(first_key(&command).as_deref(), key.map(str::as_bytes), "{line}");
            assert_eq!(slot_of(&command), key.map(|key| slot(key.as_bytes())), "{line}");
        }
    }
}
