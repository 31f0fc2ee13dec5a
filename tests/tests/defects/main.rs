//! What went wrong elsewhere goes right here: docs/defects.md leaves no number out, and here are the stories of it that
//! no other suite tells.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod stories;

use std::{collections::HashSet, fs};

use tests::tree;

/// The numbers that were given to defects where they were found.
const FOUND: [(char, usize); 5] = [('P', 18), ('J', 4), ('L', 5), ('R', 15), ('T', 24)];
/// How many were reported, or wished for, elsewhere.
const REPORTED: usize = 28 + 9;

#[test]
fn every_defect_has_a_row_with_a_test_or_a_reason() {
    let page = fs::read_to_string(tree::root().join("docs/defects.md")).unwrap();
    let mut numbers = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, theirs, ours] = cells[..] else { panic!("{} cells: {row}", cells.len()) };
        assert!(!theirs.is_empty(), "{number} says nothing");
        assert!(ours.starts_with('`') || ours.starts_with("does not apply: "), "{number}: {ours}");
        numbers.push(number);
    }
    let found: Vec<_> = FOUND
        .iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |each| format!("{letter}{each}")))
        .collect();
    assert_eq!(numbers[REPORTED..], found);
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len(), "one is there twice");
}
