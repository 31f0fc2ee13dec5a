//! The stories of `tests/scenarios`, each a test of its own, run by the real driver, circuits, detectors and health
//! loops on a virtual clock. How to read a story stands in `tests/scenarios/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story that cannot go on has failed")]

mod client;
mod compare;
mod harness;
mod inputs;
mod itself;
mod log;
mod member;
mod mutate;
mod run;
mod scripted;
mod seen;
mod story;
mod time;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use harness::Test;

fn main() -> ExitCode {
    let stories = stories();
    let told = stories.iter().map(|(name, text)| {
        let text = text.clone();
        Test::new(name.clone(), move || run::tell(&text))
    });
    let mut tests: Vec<_> = told.collect();
    tests.extend(itself::tests(&stories));
    harness::run(tests)
}

/// The name and the text of each story, by name.
fn stories() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.unwrap().path());
    let mut stories: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    stories.sort();
    stories
}
