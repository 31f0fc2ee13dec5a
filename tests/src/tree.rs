//! The source tree, for tests that see to it that what is written about it is true.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Each file with this extension, in a folder or below it, with its text; a file is a folder of itself. Nothing where
/// there is neither.
#[must_use]
pub fn texts(path: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.iter().flat_map(|entry| texts(entry, extension)).collect()
    } else if path.extension().is_some_and(|there| there == extension) {
        fs::read_to_string(path).map(|text| (path.to_owned(), text)).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// Adds the text of a source file, or of all in a folder; nothing where there is neither.
pub fn sources(path: &Path, found: &mut Vec<String>) {
    found.extend(texts(path, "rs").into_iter().map(|(_, text)| text));
}

/// How often a test function of each name is there.
#[must_use]
pub fn test_functions() -> HashMap<String, usize> {
    let mut found = Vec::new();
    for folder in ["crates", "examples", "tests"] {
        sources(&root().join(folder), &mut found);
    }
    let mut tests = HashMap::new();
    for source in &found {
        let mut is_test = false;
        for line in source.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(function) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ") {
                if let (true, Some((name, _))) = (is_test, function.split_once(['(', '<'])) {
                    *tests.entry(name.to_owned()).or_default() += 1;
                }
                is_test = false;
            }
        }
    }
    tests
}
