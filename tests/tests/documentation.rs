//! The documentation agrees with the tree where the compiler does not see to it: the tests that it names, the files that
//! it links to, and the options that it lists.

#![expect(clippy::unwrap_used, reason = "documentation that cannot be read has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::tree;

const LINE_BY_LINE: &str = "crates/redis-failover/docs/redis_py_line_by_line.md";
/// Pages that name the tests of others, or their defects, and ours.
const PEERS: [&str; 2] = ["docs/peers-acceptance.md", "docs/defects.md"];

/// The README, and every page.
fn pages() -> Vec<(PathBuf, String)> {
    let places = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "crates"];
    places.iter().flat_map(|place| tree::texts(&tree::root().join(place), "md")).collect()
}

/// What stands between backticks, outside blocks of code.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// Whether this is a test's name, as that of a rule: `b12_…`.
fn names_a_rule(word: &str) -> bool {
    let Some((number, rest)) = word.strip_prefix('b').and_then(|word| word.split_once('_')) else {
        return false;
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    // `b12_` alone stands for all that prove it.
    is_number && rest.len() > 1 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The cells of a table's row.
fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split(" | ").map(str::trim).collect()
}

/// The tests in the last column of a table, those of no rule too: all in small letters, of several words.
fn ours(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let is_name = |word: &&str| {
        word.contains('_') && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    rows.filter_map(|row| cells(row).pop()).flat_map(|last| code(last).filter(is_name)).collect()
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let tests = tree::test_functions();
    let mut gone = Vec::new();
    let mut named = 0;
    for (page, text) in pages() {
        let of_rules = code(&text).filter(|word| names_a_rule(word));
        let is_of_peers = PEERS.iter().any(|known| page.ends_with(known));
        let of_peers: Vec<_> = if is_of_peers { ours(&text) } else { Vec::new() };
        assert!(!is_of_peers || of_peers.len() > 62, "only {of_peers:?}");
        for word in of_rules.chain(of_peers) {
            named += 1;
            if tests.get(word) != Some(&1) {
                gone.push(format!("{}: {word}", page.display()));
            }
        }
    }
    assert!(named > 100, "only {named} tests were found to be named");
    assert!(gone.is_empty(), "these tests are not there, or more than once:\n{}", gone.join("\n"));
}

#[test]
fn every_line_about_redis_py_has_a_test() {
    let tests = tree::test_functions();
    let text = fs::read_to_string(tree::root().join(LINE_BY_LINE)).unwrap();
    let mut faults = Vec::new();
    let mut rows = 0;
    for row in text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---")) {
        let cells = cells(row);
        let [said, here, shown_by, _] = cells[..] else {
            faults.push(format!("{} cells: {row}", cells.len()));
            continue;
        };
        if shown_by == "shown by" {
            continue;
        }
        rows += 1;
        if here.is_empty() {
            faults.push(format!("nothing is here for: {said}"));
        }
        let named: Vec<_> = code(shown_by).collect();
        if named.is_empty() {
            faults.push(format!("nothing shows: {said} {here}"));
        }
        faults.extend(
            named
                .iter()
                .filter(|name| !tests.contains_key(**name))
                .map(|name| format!("{name} is no test, of: {said}")),
        );
    }
    assert!(rows > 100, "only {rows} rows were found");
    assert!(faults.is_empty(), "{LINE_BY_LINE}:\n{}", faults.join("\n"));
}

/// The methods of the configuration, which are its options: those that return `Self`, and those of the macro's list.
fn options() -> BTreeSet<String> {
    let mut options = BTreeSet::new();
    let places = [
        "config",
        "client/manage.rs",
        "command/options.rs",
        "connection/tls/mod.rs",
        "health/lag_aware/config.rs",
        "pubsub/settings.rs",
        "transaction/settings.rs",
    ];
    for place in places {
        let place = tree::root().join("crates/redis-failover/src").join(place);
        assert!(place.exists(), "{} has gone elsewhere", place.display());
        for (_, source) in tree::texts(&place, "rs") {
            for line in source.lines().map(str::trim) {
                let method =
                    line.strip_prefix("pub ").map(|line| line.strip_prefix("const ").unwrap_or(line));
                let method = method.and_then(|line| line.strip_prefix("fn ")?.split_once('('));
                let Some((name, arguments)) = method else { continue };
                let is_builder = arguments.starts_with("mut self")
                    || arguments.starts_with("self,") && arguments.contains("-> Self");
                if is_builder && !name.starts_with('$') {
                    // Without the names of its types.
                    options.insert(name.split('<').next().unwrap().to_owned());
                }
            }
        }
    }
    let list =
        fs::read_to_string(tree::root().join("crates/redis-failover/src/config/options/list.rs")).unwrap();
    let list = list.split("$what! {").nth(1).unwrap().split("\n        }").next().unwrap();
    let lines = list.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    options.extend(lines.filter_map(|line| Some(line.split_once(": ")?.0.to_owned())));
    options
}

#[test]
fn every_option_is_in_the_readme() {
    let readme = fs::read_to_string(tree::root().join("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeSet<_> = rows.flat_map(|row| code(cells(row)[0])).map(str::to_owned).collect();
    let options = options();
    assert!(options.len() > 70, "only {} options were found", options.len());
    let missing: Vec<_> = options.difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "these options are in no table of README.md: {}", missing.join(", "));
}

/// Where relative links lead: not those to other sites, nor those to items, which the compiler checks.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("::") && (target.contains('.') || target.contains('/')))
}

#[test]
fn every_file_that_a_page_links_to_is_there() {
    let mut broken = Vec::new();
    for (page, text) in pages() {
        let folder = page.parent().unwrap_or(Path::new("."));
        for link in links(&text).filter(|link| !link.starts_with("http")) {
            let file = link.split('#').next().unwrap();
            if !folder.join(file).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

/// What a heading is called in links to it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().filter_map(|each| match each {
        ' ' => Some('-'),
        '-' | '_' => Some(each),
        each => each.is_alphanumeric().then(|| each.to_ascii_lowercase()),
    });
    kept.collect()
}

#[test]
fn every_heading_that_a_page_links_to_is_there() {
    let pages = tree::texts(&tree::root().join("crates/redis-failover/docs"), "md");
    let name = |page: &Path| page.file_stem().unwrap().to_string_lossy().into_owned();
    let headings: BTreeSet<_> = pages
        .iter()
        .flat_map(|(page, text)| {
            let headings = text.lines().filter(|line| line.starts_with('#'));
            headings.map(|heading| (name(page), anchor(heading)))
        })
        .collect();
    let mut broken = Vec::new();
    let mut followed = 0;
    for (page, text) in &pages {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            // Within the page, or to one beside it.
            let Some((target, heading)) = link.split_once('#') else { continue };
            let target = match target.strip_prefix("super::") {
                Some(other) => other.to_owned(),
                None if target.is_empty() => name(page),
                None => continue,
            };
            followed += 1;
            if !headings.contains(&(target, heading.to_owned())) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 50, "only {followed} links to headings were found");
    assert!(broken.is_empty(), "these links lead to no heading:\n{}", broken.join("\n"));
}

/// The variants of an enumeration of this source: lines indented once that begin in upper case.
fn variants<'a>(source: &'a str, enumeration: &str) -> Vec<&'a str> {
    let (_, rest) = source.split_once(&format!("pub enum {enumeration} {{\n")).unwrap();
    let body = rest.split("\n}").next().unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let lines = lines.filter(|line| line.starts_with(char::is_uppercase));
    lines.map(|line| line.split([' ', ',', '(']).next().unwrap()).collect()
}

#[test]
fn every_error_is_explained() {
    let read =
        |path: &str| fs::read_to_string(tree::root().join("crates/redis-failover").join(path)).unwrap();
    let (source, page) = (read("src/error.rs"), read("docs/troubleshooting.md"));
    let table = page.split("## Errors, one by one").nth(1).unwrap();
    let variants = variants(&source, "Error");
    assert!(variants.len() > 20, "only {variants:?} were found");
    for error in variants {
        // Two have a section to themselves.
        let row = format!("[`{error}`](Error::{error})");
        let section = format!("\n## `{error}`\n");
        assert!(
            table.contains(&row) || page.contains(&section),
            "troubleshooting.md says nothing of {error}"
        );
    }
}

#[test]
fn every_feature_is_in_the_readme() {
    let manifest = fs::read_to_string(tree::root().join("crates/redis-failover/Cargo.toml")).unwrap();
    let features = manifest.split("\n[features]\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let features = features.lines().filter_map(|line| line.split_once(" = "));
    let features: BTreeSet<_> = features.map(|(name, _)| name).filter(|name| *name != "default").collect();
    let readme = fs::read_to_string(tree::root().join("README.md")).unwrap();
    let table = readme.split("| with the feature |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().filter(|row| row.starts_with("| ") && !row.starts_with("|-"));
    let listed: BTreeSet<_> = rows.flat_map(|row| code(cells(row)[1]).collect::<Vec<_>>()).collect();
    assert!(features.len() > 5, "{features:?}");
    assert_eq!(listed, features);
}
