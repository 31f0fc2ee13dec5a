use std::time::Duration;

use redis::Cmd;

use super::{
    arguments::Arguments,
    table::{self, Entry},
};

/// For how long a command may hold its connection by its own timeout argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// At most this long.
    For(Duration),
    /// Until something happens: its timeout is 0.
    Forever,
}

impl Blocking {
    /// One wait after the other.
    pub(super) fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::For(one), Self::For(other)) => Self::For(one.saturating_add(other)),
            _ => Self::Forever,
        }
    }

    /// A timeout that the server will refuse does not wait at all.
    fn from_seconds(word: &[u8]) -> Self {
        let seconds = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        match seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok()) {
            Some(Duration::ZERO) => Self::Forever,
            Some(limit) => Self::For(limit),
            None => Self::For(Duration::ZERO),
        }
    }

    fn from_millis(millis: Option<i64>) -> Self {
        match millis {
            Some(0) => Self::Forever,
            millis => Self::For(Duration::from_millis(millis.unwrap_or(0).try_into().unwrap_or(0))),
        }
    }
}

/// Reads the timeout of a blocking command; `None` for every other one.
pub(super) fn blocking(command: &Cmd) -> Option<Blocking> {
    let entry = table::lookup(command).filter(|entry| entry.is_blocking())?;
    let words = Arguments::of(command);
    Some(match entry.name() {
        "BLMPOP" | "BZMPOP" => Blocking::from_seconds(words.get(1)),
        "WAIT" => Blocking::from_millis(words.number(2)),
        "WAITAOF" => Blocking::from_millis(words.number(3)),
        "XREAD" | "XREADGROUP" => {
            // A group before the options may be called BLOCK, and so may a key from STREAMS on.
            let options = if words.is(1, "GROUP") { 4 } else { 1 };
            let option = words.find(options, &["BLOCK", "STREAMS"]).filter(|&at| words.is(at, "BLOCK"))?;
            Blocking::from_millis(words.number(option + 1))
        }
        _ => Blocking::from_seconds(words.get(words.last())),
    })
}

/// What a command would change on the connection that it shares with everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionState {
    /// `SELECT`: the database's number.
    Database,
    /// `AUTH`, `HELLO`: user and protocol.
    Authentication,
    /// `SUBSCRIBE` and its kin.
    Subscription,
    /// `MULTI`, `EXEC`, `DISCARD`, `WATCH`, `UNWATCH` sent as commands of their own.
    Transaction,
    /// `MONITOR` and replication: the connection turns into a stream.
    Stream,
    /// `CLIENT REPLY`: replies would no longer match commands.
    Reply,
    /// `CLIENT TRACKING`, `CLIENT CACHING`.
    Tracking,
    /// `CLIENT SETNAME`: the connection's name.
    Name,
    /// The connection's flags, routing, or its end, as `CLIENT NO-EVICT`, `READONLY`, `RESET`, `QUIT`.
    Session,
}

impl ConnectionState {
    /// What does instead what such a command is meant to do.
    #[must_use]
    pub fn instead(self) -> &'static str {
        match self {
            Self::Database => "give the number in the database's url, as in redis://host:6379/3",
            Self::Authentication => {
                "give user, password and protocol in the database's url, or a provider by \
                 DatabaseConfig::credentials"
            }
            Self::Subscription => "subscribe with MultiDbClient::pubsub",
            Self::Transaction => {
                "use an atomic pipeline, or MultiDbClient::transaction if keys are to be watched"
            }
            Self::Name => "give the name by client_name in the configuration",
            Self::Stream | Self::Reply | Self::Tracking | Self::Session => {
                "open a connection of its own with redis::Client"
            }
        }
    }
}

/// A command that would change the connection which everybody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) command: &'static str,
    pub(crate) instead: &'static str,
}

/// The state that a command would change; `None` for nearly all commands.
pub(super) fn connection_state(command: &Cmd) -> Option<ConnectionState> {
    state_of(table::lookup(command)?)
}

pub(super) fn state_of(entry: Entry) -> Option<ConnectionState> {
    if !entry.changes_connection() {
        return None;
    }
    Some(match entry.name() {
        "SELECT" => ConnectionState::Database,
        "AUTH" | "HELLO" => ConnectionState::Authentication,
        "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "UNSUBSCRIBE" | "PUNSUBSCRIBE" | "SUNSUBSCRIBE" => {
            ConnectionState::Subscription
        }
        "MULTI" | "EXEC" | "DISCARD" | "WATCH" | "UNWATCH" => ConnectionState::Transaction,
        "MONITOR" | "SYNC" | "PSYNC" | "REPLCONF" => ConnectionState::Stream,
        "CLIENT SETNAME" => ConnectionState::Name,
        "CLIENT REPLY" => ConnectionState::Reply,
        "CLIENT TRACKING" | "CLIENT CACHING" => ConnectionState::Tracking,
        _ => ConnectionState::Session,
    })
}
