//! docs/peers-acceptance.md leaves no number out. That the tests it names are there, `documentation.rs` sees to.

const PAGE: &str = include_str!("../../docs/peers-acceptance.md");
const NUMBERS: u32 = 62;

/// The rows of its tables: the number, and what is said of ours.
fn rows() -> Vec<(&'static str, &'static str)> {
    let cells = PAGE.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        match cells[..] {
            [number, _, ours] if number.starts_with(|first: char| first.is_ascii_digit()) => {
                Some((number, ours))
            }
            _ => None,
        }
    });
    cells.collect()
}

/// The names of tests in a text: all in small letters, of several words.
fn names(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.contains('_') && word.chars().all(|each| matches!(each, 'a'..='z' | '0'..='9' | '_'))
    };
    quoted.filter(is_name).collect()
}

#[test]
fn every_number_has_a_row_with_a_test_or_a_reason() {
    let numbers =
        rows().into_iter().map(|(number, _)| number.split(' ').next().and_then(|one| one.parse().ok()));
    let mut numbers: Vec<Option<u32>> = numbers.collect();
    // The last one has several parts.
    numbers.dedup();
    assert_eq!(numbers, (1..=NUMBERS).map(Some).collect::<Vec<_>>());
    for (number, ours) in rows() {
        let has_reason = ours.starts_with("does not apply: ");
        assert!(has_reason || !names(ours).is_empty(), "{number}: {ours}");
    }
}
