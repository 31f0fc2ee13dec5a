//! Commands read back from the bytes in which redis-rs's blocking side hands them over. Pure.
//!
//! A command must be known to be repeated, refused or run on a connection of its own as its rules say. Its bytes are an
//! array of bulk strings: `*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n`. Whatever else they are is an error, and nothing is sent.

use std::fmt;

use redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError};

/// The least that a word takes: `$0\r\n\r\n`. No more words are made room for than can be there.
const LEAST_WORD: usize = 6;

/// Reads a single command.
pub(super) fn command(bytes: &[u8]) -> Result<Cmd, Malformed> {
    let mut reader = Reader { bytes };
    let command = reader.command()?;
    if reader.bytes.is_empty() { Ok(command) } else { Err(Malformed::Rest) }
}

/// Reads a pipeline. With an `offset` it is atomic: the replies before that of `EXEC` are dropped.
pub(super) fn pipeline(bytes: &[u8], offset: usize, count: usize) -> Result<Pipeline, Malformed> {
    let mut commands = commands(bytes)?;
    let mut pipeline = Pipeline::with_capacity(commands.len());
    if offset > 0 {
        let framed = commands.len() > 1 && is(&commands[0], b"MULTI") && commands.pop().is_some_and(is_exec);
        if !framed {
            return Err(Malformed::NotAtomic);
        }
        commands.remove(0);
        pipeline.atomic();
    }
    let expected = if offset > 0 { (commands.len() + 1, 1) } else { (0, commands.len()) };
    if (offset, count) != expected {
        return Err(Malformed::Replies { offset, count, commands: commands.len() });
    }
    for command in commands {
        pipeline.add_command(command);
    }
    Ok(pipeline)
}

fn commands(bytes: &[u8]) -> Result<Vec<Cmd>, Malformed> {
    let mut reader = Reader { bytes };
    let mut commands = Vec::new();
    while !reader.bytes.is_empty() {
        commands.push(reader.command()?);
    }
    Ok(commands)
}

fn is_exec(command: Cmd) -> bool {
    is(&command, b"EXEC")
}

/// Whether a command is this one word.
fn is(command: &Cmd, word: &[u8]) -> bool {
    let mut words = command.args_iter();
    words.len() == 1 && matches!(words.next(), Some(Arg::Simple(name)) if name.eq_ignore_ascii_case(word))
}

/// What is still to be read.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn command(&mut self) -> Result<Cmd, Malformed> {
        let words = self.number(b'*')?;
        if words == 0 {
            return Err(Malformed::Empty);
        }
        if words > self.bytes.len() / LEAST_WORD {
            return Err(Malformed::Truncated);
        }
        let mut command = Cmd::with_capacity(words, self.bytes.len().min(words.saturating_mul(64)));
        for _ in 0..words {
            command.arg(self.word()?);
        }
        Ok(command)
    }

    fn word(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number(b'$')?;
        let (word, rest) = self.bytes.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.bytes = rest;
        self.end_of_line()?;
        Ok(word)
    }

    /// A line such as `*2\r\n`.
    fn number(&mut self, sign: u8) -> Result<usize, Malformed> {
        let rest = match self.bytes.split_first() {
            Some((first, rest)) if *first == sign => rest,
            Some(_) => return Err(Malformed::Sign(sign)),
            None => return Err(Malformed::Truncated),
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(digits);
        self.bytes = rest;
        self.end_of_line()?;
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(Malformed::Number)
    }

    fn end_of_line(&mut self) -> Result<(), Malformed> {
        let end = b"\r\n";
        match self.bytes.strip_prefix(end) {
            Some(rest) => self.bytes = rest,
            None if end.starts_with(self.bytes) => return Err(Malformed::Truncated),
            None => return Err(Malformed::Line),
        }
        Ok(())
    }
}

/// Why bytes are no command. Says nothing of what they are: they may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A command without words: redis-rs packs none, and would not send it.
    Empty,
    /// They end too soon.
    Truncated,
    /// Something else stands where `*` or `$` must stand.
    Sign(u8),
    /// A length is no number.
    Number,
    /// A line or a word does not end where it says.
    Line,
    /// There is something behind the one command.
    Rest,
    /// Replies are to be dropped, and it is no `MULTI … EXEC`.
    NotAtomic,
    /// So many replies do not fit to so many commands.
    Replies { offset: usize, count: usize, commands: usize },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a command has no words"),
            Self::Truncated => f.write_str("the bytes end within a command"),
            Self::Sign(sign) => {
                write!(f, "a command is an array of bulk strings, and has no {}", sign.escape_ascii())
            }
            Self::Number => f.write_str("a length is not a number"),
            Self::Line => f.write_str("a line does not end where its length says"),
            Self::Rest => f.write_str("there is more than one command; use a pipeline"),
            Self::NotAtomic => {
                f.write_str("replies are to be dropped, but the commands are not MULTI … EXEC")
            }
            Self::Replies { offset, count, commands } => write!(
                f,
                "an offset of {offset} and a count of {count} do not fit to {commands} commands; use Pipeline::query"
            ),
        }
    }
}

impl From<Malformed> for RedisError {
    fn from(malformed: Malformed) -> Self {
        (ErrorKind::Client, "packed commands cannot be read, so nothing was sent", malformed.to_string())
            .into()
    }
}

/// Whatever the bytes are, they are read or refused; a command that was read is packed to bytes that mean the same.
#[cfg(all(fuzzing, feature = "blocking", feature = "cluster", feature = "lag-aware"))]
pub(crate) fn fuzz(bytes: &[u8], offset: usize, count: usize) {
    if let Ok(read) = command(bytes) {
        let packed = read.get_packed_command();
        let again = command(&packed).map(|again| again.get_packed_command());
        assert_eq!(again, Ok(packed));
    }
    let _ = pipeline(bytes, offset, count);
}

#[cfg(test)]
mod tests;
