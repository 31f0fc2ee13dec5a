//! What was executed, told to whoever wants to know.

use std::fmt;

use super::commands::Outcome;

type Keep = dyn FnMut(&str, &[Vec<u8>]) + Send;

/// The listener to a server's executed commands, if there is one.
#[derive(Default)]
pub(super) struct Journal(Option<Box<Keep>>);

impl Journal {
    pub(super) fn kept_by(keep: impl FnMut(&str, &[Vec<u8>]) + Send + 'static) -> Self {
        Self(Some(Box::new(keep)))
    }

    /// Tells of a command that has run, unless it has yet to wait.
    pub(super) fn note(&mut self, command: &str, arguments: &[Vec<u8>], outcome: &Outcome) {
        if let Some(keep) = &mut self.0
            && !matches!(outcome, Outcome::Blocked(_))
        {
            keep(command, arguments);
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Journal").field(&self.0.is_some()).finish()
    }
}
