//! Which server binary this machine has.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const NAMES: [&str; 2] = ["redis-server", "valkey-server"];
const MISSING: &str = "$REDIS_SERVER_BIN is not set, and neither redis-server nor valkey-server is on PATH";

pub(super) fn binary() -> Option<PathBuf> {
    if let Some(named) = env::var_os("REDIS_SERVER_BIN").filter(|named| !named.is_empty()) {
        // Taken as it is: a wrong path is an error of the start that names it, not a silent fallback.
        return Some(PathBuf::from(named));
    }
    let directories: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    NAMES
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|candidate| candidate.is_file())
}

/// Says that a story is skipped where there is no binary; where one is needed, that is a failure.
pub(super) fn or_skipped(found: Option<PathBuf>, needed: bool) -> Option<PathBuf> {
    if found.is_none() {
        assert!(!needed, "$FAILOVER_NEEDS_SERVER is set, but there is no server: {MISSING}");
        println!("skipped: {MISSING}");
    }
    found
}

pub(super) fn is_needed() -> bool {
    env::var_os("FAILOVER_NEEDS_SERVER").is_some_and(|value| !value.is_empty())
}

/// The version a binary prints, out of a line like `Redis server v=7.0.15 sha=00000000:0 ...`.
pub(super) fn version(binary: &Path) -> io::Result<String> {
    let named = |error: &dyn std::fmt::Display| format!("cannot run {}: {error}", binary.display());
    let output = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), named(&error)))?;
    let line = String::from_utf8_lossy(&output.stdout);
    parse_version(&line).ok_or_else(|| io::Error::other(named(&"it prints no version")))
}

fn parse_version(line: &str) -> Option<String> {
    line.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_both_kinds_of_server() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1";
        assert_eq!(parse_version(redis).as_deref(), Some("7.0.15"));
        assert_eq!(parse_version("Valkey server v=9.1.2 sha=0 bits=64").as_deref(), Some("9.1.2"));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn what_is_found_is_taken_and_what_is_not_needed_may_be_missing() {
        let found = Some(PathBuf::from("/somewhere/redis-server"));
        assert_eq!(or_skipped(found.clone(), true), found);
        assert_eq!(or_skipped(None, false), None);
    }

    #[test]
    #[should_panic(expected = "$FAILOVER_NEEDS_SERVER is set")]
    fn a_story_that_needs_a_server_is_not_skipped() {
        or_skipped(None, true);
    }

    #[test]
    fn a_missing_binary_is_named() {
        let error = version(Path::new("/nowhere/redis-server")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/redis-server"), "{error}");
    }
}
