use super::super::{Command, rows::ROWS, table};
use super::words;

fn name(line: &str) -> Option<&'static str> {
    table::lookup(&words(line)).map(table::Entry::name)
}

#[test]
fn every_row_is_found_by_its_name_in_any_case() {
    for row in ROWS {
        assert_eq!(name(row.0), Some(row.0));
        assert_eq!(name(&row.0.to_lowercase()), Some(row.0));
    }
}

#[test]
fn rows_are_sorted_and_none_is_there_twice() {
    assert!(ROWS.is_sorted_by(|one, next| one.0 < next.0));
}

#[test]
fn a_subcommand_has_a_row_of_its_own() {
    assert_eq!(name("client KILL id 7"), Some("CLIENT KILL"));
    assert_eq!(name("XGROUP create s g $"), Some("XGROUP CREATE"));
    assert_eq!(name("CONFIG no-such-thing"), Some("CONFIG"));
    assert_eq!(name("CONFIG"), Some("CONFIG"));
}

#[test]
fn only_names_are_found() {
    assert_eq!(name("GETS"), None);
    assert_eq!(name("GE"), None);
    assert_eq!(name("FT.SEARCH index *"), None);
    assert_eq!(name(""), None);
    assert_eq!(name(&"x".repeat(100_000)), None);
    assert_eq!(name("GET KILL"), Some("GET"));
}

#[test]
fn what_only_looks_like_a_name_is_not_found() {
    for word in ["GET ", "GET\0", "\0GET", "       ", "\0\0\0", "EVAL\x7fRO"] {
        assert!(table::lookup(&redis::cmd(word)).is_none(), "{word:?}");
    }
    assert!(table::lookup(&redis::cmd("evaL_Ro")).is_some());
    let config = table::lookup(redis::cmd("CONFIG").arg(""));
    assert_eq!(config.map(table::Entry::name), Some("CONFIG"));
}

#[test]
fn commands_know_whether_they_write_and_whether_they_name_keys() {
    for (line, keyed, write) in [
        ("GET k", true, false),
        ("SET k v", true, true),
        ("FLUSHALL", false, true),
        ("DBSIZE", false, false),
        ("EVAL return 0", true, false),
        ("XGROUP CREATE s g $", true, true),
        ("OBJECT FREQ k", true, false),
        ("ZUNIONSTORE d 1 s", true, true),
        ("NO.SUCH k", false, false),
    ] {
        let command = words(line);
        let command = Command::from(&command);
        assert_eq!((command.is_keyed(), command.is_write()), (keyed, write), "{line}");
    }
}
