use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a setting was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In a text, or in a file.
    Line {
        /// The file, if it is one.
        file: Option<Arc<Path>>,
        /// The line, counted from 1.
        line: usize,
        /// The character in it, counted from 1.
        column: usize,
    },
    /// In a file, or the file itself.
    File(Arc<Path>),
    /// In the environment.
    Variable(Arc<str>),
    /// In something that was read through serde, which knows no lines.
    Unknown,
}

impl fmt::Display for Place {
    /// Followed by a colon and a space, if there is anything to say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file: Some(file), line, column } => {
                write!(f, "{}:{line}:{column}: ", file.display())
            }
            Self::Line { file: None, line, column } => write!(f, "line {line}, column {column}: "),
            Self::File(file) => write!(f, "{}: ", file.display()),
            Self::Variable(name) => write!(f, "{name}: "),
            Self::Unknown => Ok(()),
        }
    }
}

impl Place {
    /// A file. A URL that stands where its path should may hold a password, and is left out.
    pub(super) fn file(path: &Path) -> Self {
        Self::File(harmless(path))
    }
}

fn harmless(path: &Path) -> Arc<Path> {
    let is_url = path.to_string_lossy().contains("://");
    if is_url { Path::new("a url in place of a path").into() } else { path.into() }
}

/// The beginnings of a text's lines.
pub(super) struct Lines<'t> {
    text: &'t str,
    file: Option<Arc<Path>>,
    begins: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str, file: Option<&Path>) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, file: file.map(harmless), begins: std::iter::once(0).chain(after).collect() }
    }

    /// The place of the byte at this offset, or of the end.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.begins.partition_point(|begin| *begin <= offset);
        let begin = self.begins[line - 1];
        let before = self.text.as_bytes()[begin..offset].iter();
        // The bytes that begin a character: all but the continuations of UTF-8.
        let column = 1 + before.filter(|byte| (**byte & 0xC0) != 0x80).count();
        Place::Line { file: self.file.clone(), line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b56_a_place_is_counted_in_lines_and_characters() {
        let text = "one\näöü = 1\r\n\nend";
        let lines = Lines::of(text, None);
        let place = |needle: &str| lines.place(text.find(needle).unwrap()).to_string();
        assert_eq!(place("one"), "line 1, column 1: ");
        assert_eq!(place("ä"), "line 2, column 1: ");
        assert_eq!(place("= 1"), "line 2, column 5: ");
        assert_eq!(place("end"), "line 4, column 1: ");
        assert_eq!(lines.place(usize::MAX).to_string(), "line 4, column 4: ");
        assert_eq!(Lines::of("", None).place(0).to_string(), "line 1, column 1: ");
    }

    #[test]
    fn b56_a_url_in_place_of_a_path_is_not_shown() {
        let path = Path::new("redis://:hunter2@eu");
        let place = Lines::of("", Some(path)).place(0);
        assert!(!format!("{place}{place:?}{:?}", Place::file(path)).contains("hunter2"));
    }
}
