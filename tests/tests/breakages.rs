//! The recorded breakages fit the tree, so that `scripts/rules` can show that the tests of the rules can fail.

#![expect(clippy::unwrap_used, reason = "a list that cannot be read has failed")]

use tests::tree::{root, sources, test_functions};

const LIST: &str = include_str!("../breakages.txt");

#[derive(Default)]
struct Breakage<'a> {
    rule: &'a str,
    file: &'a str,
    line: &'a str,
    broken: &'a str,
    test: &'a str,
}

fn recorded() -> Vec<Breakage<'static>> {
    let mut breakages: Vec<Breakage<'_>> = Vec::new();
    for line in LIST.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "#" => {}
            "file" => breakages.last_mut().unwrap().file = rest,
            "line" => breakages.last_mut().unwrap().line = rest,
            "broken" => breakages.last_mut().unwrap().broken = rest,
            "test" => breakages.last_mut().unwrap().test = rest,
            rule if rule.starts_with('B') => breakages.push(Breakage { rule, ..Breakage::default() }),
            _ => assert_eq!(word, "#", "neither a comment, nor a rule, nor a part of a record: {line}"),
        }
    }
    breakages
}

#[test]
fn every_breakage_fits_the_tree() {
    let tests = test_functions();
    let breakages = recorded();
    assert!(breakages.len() >= 10);
    let mut stale = Vec::new();
    for Breakage { rule, file, line, broken, test } in breakages {
        let mut places = Vec::new();
        sources(&root().join(file), &mut places);
        let times =
            places.iter().flat_map(|source| source.lines()).filter(|there| there.trim() == line).count();
        if times != 1 {
            stale.push(format!("{rule}: {file} has this line {times} times, not once: {line}"));
        }
        if broken == line || broken.is_empty() {
            stale.push(format!("{rule}: nothing is broken in {file}: {line}"));
        }
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
