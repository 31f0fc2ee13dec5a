//! The recorded breakages fit the tree, so that `scripts/rules` can show that the tests of the rules can fail, and
//! `scripts/simulate-breakages` that the invariants can.

#![expect(clippy::unwrap_used, reason = "a list that cannot be read has failed")]

use tests::simulation::invariants;
use tests::tree::{root, sources, test_functions};

const OF_TESTS: &str = include_str!("../breakages.txt");
const OF_SIMULATION: &str = include_str!("../simulated-breakages.txt");

#[derive(Default)]
struct Breakage<'a> {
    rule: &'a str,
    file: &'a str,
    line: &'a str,
    broken: &'a str,
    /// The test, or the invariant, that notices.
    noticed_by: &'a str,
}

/// All records of a list, in which this word comes before who notices.
fn recorded<'a>(list: &'a str, noticed_by: &str) -> Vec<Breakage<'a>> {
    let mut breakages: Vec<Breakage<'_>> = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "#" => {}
            "file" => breakages.last_mut().unwrap().file = rest,
            "line" => breakages.last_mut().unwrap().line = rest,
            "broken" => breakages.last_mut().unwrap().broken = rest,
            word if word == noticed_by => breakages.last_mut().unwrap().noticed_by = rest,
            rule if rule.starts_with('B') => breakages.push(Breakage { rule, ..Breakage::default() }),
            _ => assert_eq!(word, "#", "neither a comment, nor a rule, nor a part of a record: {line}"),
        }
    }
    breakages
}

impl Breakage<'_> {
    /// What of it is no longer so, but for who notices.
    fn stale(&self) -> Vec<String> {
        let Self { rule, file, line, broken, .. } = self;
        let (mut places, mut stale) = (Vec::new(), Vec::new());
        sources(&root().join(file), &mut places);
        let times =
            places.iter().flat_map(|source| source.lines()).filter(|there| there.trim() == *line).count();
        if times != 1 {
            stale.push(format!("{rule}: {file} has this line {times} times, not once: {line}"));
        }
        if broken == line || broken.is_empty() {
            stale.push(format!("{rule}: nothing is broken in {file}: {line}"));
        }
        stale
    }
}

#[test]
fn every_breakage_fits_the_tree() {
    let tests = test_functions();
    let breakages = recorded(OF_TESTS, "test");
    assert!(breakages.len() >= 10);
    let mut stale = Vec::new();
    for breakage in breakages {
        stale.extend(breakage.stale());
        let Breakage { rule, noticed_by: test, .. } = breakage;
        let times = tests.get(test).copied().unwrap_or(0);
        if times != 1 {
            stale.push(format!("{rule}: {times} test functions are named {test}, not one"));
        }
        if !test.starts_with(&format!("{}_", rule.to_lowercase())) {
            stale.push(format!("{rule}: {test} is a test of another rule"));
        }
    }
    assert!(stale.is_empty(), "tests/breakages.txt is out of date:\n{}", stale.join("\n"));
}

#[test]
fn every_simulated_breakage_fits_the_tree() {
    let breakages = recorded(OF_SIMULATION, "invariant");
    assert!(breakages.len() >= 5);
    let mut stale = Vec::new();
    for breakage in breakages {
        stale.extend(breakage.stale());
        let Breakage { rule, noticed_by: invariant, .. } = breakage;
        if invariants::ALL.iter().all(|(name, _)| *name != invariant) {
            stale.push(format!("{rule}: there is no invariant {invariant}"));
        }
    }
    assert!(stale.is_empty(), "tests/simulated-breakages.txt is out of date:\n{}", stale.join("\n"));
}
