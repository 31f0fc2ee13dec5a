//! Error replies, in the words of Redis.

use std::borrow::Cow;

use crate::embedded::resp::Value;

/// Why a command was not done: the text of its error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct Refusal(Cow<'static, str>);

impl Refusal {
    pub(in crate::embedded) const WRONG_TYPE: Self =
        Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub(super) const SYNTAX: Self = Self::fixed("ERR syntax error");
    pub(super) const NOT_AN_INTEGER: Self = Self::fixed("ERR value is not an integer or out of range");
    pub(super) const OVERFLOW: Self = Self::fixed("ERR increment or decrement would overflow");

    pub(in crate::embedded) const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(in crate::embedded) fn new(text: impl Into<String>) -> Self {
        // A line end would end the reply early.
        Self(Cow::Owned(text.into().replace(['\r', '\n'], " ")))
    }

    pub(in crate::embedded) fn arity(command: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{command}' command"))
    }

    pub(in crate::embedded) fn unknown_command(request: &[Vec<u8>]) -> Self {
        let quoted: String = request[1..]
            .iter()
            .take(20)
            .map(|argument| format!("'{:.128}' ", String::from_utf8_lossy(argument)))
            .collect();
        let name = String::from_utf8_lossy(&request[0]);
        Self::new(format!("ERR unknown command '{name:.128}', with args beginning with: {quoted}"))
    }

    pub(super) fn unknown_subcommand(command: &str, subcommand: &[u8]) -> Self {
        let subcommand = String::from_utf8_lossy(subcommand);
        Self::new(format!("ERR unknown subcommand '{subcommand:.128}'. Try {command} HELP."))
    }

    /// The refusal of an EXEC for a reason other than its queue.
    pub(in crate::embedded) fn discarded(reason: &Self) -> Self {
        Self::new(format!("EXECABORT Transaction discarded because of: {}", reason.0))
    }
}

impl From<Refusal> for Value {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal.0.into_owned())
    }
}
