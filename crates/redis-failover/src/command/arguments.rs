use redis::{Arg, Cmd};

/// A command's words by position: 0 is its name. A word that is not there reads as empty.
pub(super) struct Arguments<'a>(Vec<&'a [u8]>);

impl<'a> Arguments<'a> {
    pub(super) fn of(command: &'a Cmd) -> Self {
        Self(command.args_iter().map(bytes).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, at: usize) -> &'a [u8] {
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(super) fn number(&self, at: usize) -> Option<i64> {
        std::str::from_utf8(self.get(at)).ok()?.parse().ok()
    }

    pub(super) fn last(&self) -> usize {
        self.len().saturating_sub(1)
    }

    /// The words from `at` on.
    pub(super) fn from(&self, at: usize) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().skip(at).copied()
    }

    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.get(at).eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether one of these words stands at `at`.
    pub(super) fn has_at(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// Where one of these words stands, looking from `at` on.
    pub(super) fn find(&self, at: usize, words: &[&str]) -> Option<usize> {
        (at..self.len()).find(|&at| self.has_at(at, words))
    }

    pub(super) fn has(&self, at: usize, words: &[&str]) -> bool {
        self.find(at, words).is_some()
    }
}

/// The bytes of a word; the place of a cursor reads as empty, its number is not to be had from redis-rs.
#[expect(clippy::needless_pass_by_value, reason = "maps redis-rs's iterator, which yields values")]
pub(super) fn bytes(word: Arg<&[u8]>) -> &[u8] {
    match word {
        Arg::Simple(bytes) => bytes,
        _ => b"",
    }
}
