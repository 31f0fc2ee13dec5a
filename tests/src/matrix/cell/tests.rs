//! What is a false failover, and what is not; and what counts as being served.

use super::super::{Configuration, Journal, Table};
use super::*;

const AWAY: Move = Move { leaves_primary: true, is_back: false, during_fault: true };
const BACK: Move = Move { leaves_primary: false, is_back: true, during_fault: false };

fn are_false(fault: Fault, expected: Expected, moves: &[Move]) -> usize {
    moves.iter().filter(|one| one.is_false(fault, expected)).count()
}

#[test]
fn who_leaves_a_dead_database_and_returns_when_it_lives_is_right() {
    assert_eq!(are_false(Fault::Kill, Expected::Switch, &[AWAY, BACK]), 0);
    assert_eq!(are_false(Fault::Partition, Expected::Return, &[AWAY, BACK]), 0);
}

#[test]
fn who_returns_to_a_dead_database_or_leaves_a_live_one_is_wrong() {
    let back_to_the_dead = Move { during_fault: true, ..BACK };
    assert_eq!(are_false(Fault::Kill, Expected::Switch, &[AWAY, back_to_the_dead]), 1);
    assert_eq!(are_false(Fault::Flapping, Expected::Switch, &[AWAY, back_to_the_dead]), 0);
    let leaves_the_other = Move { is_back: false, ..BACK };
    assert_eq!(are_false(Fault::Kill, Expected::Switch, &[AWAY, leaves_the_other]), 1);
    let late = Move { during_fault: false, ..AWAY };
    assert_eq!(are_false(Fault::Partition, Expected::Return, &[AWAY, BACK, late, BACK]), 1);
}

#[test]
fn who_is_to_stay_makes_no_move_at_all() {
    assert_eq!(are_false(Fault::Stall400, Expected::Stay, &[AWAY, BACK]), 2);
    assert_eq!(are_false(Fault::BothBlackHoled, Expected::Return, &[AWAY]), 1);
}

/// The first success of a reader who was served while the fault was there, and never after it.
fn served_only_during(fault: Fault) -> Option<Duration> {
    let table = Table::written_down().unwrap();
    let of_it = |row: &&Row| row.fault == fault && row.configuration == Configuration::Default;
    let row = table.rows().iter().find(of_it).unwrap();
    assert_eq!(row.expected_of(Workload::Reads), Expected::Stay);
    let (began, journal) = (Instant::now(), Journal::default());
    let number = journal.begin();
    journal.end(number, Ok(Answer::from(PRIMARY)));
    let worked = Worked {
        workload: Workload::Reads,
        journal: journal.into(),
        switches: Vec::new(),
        active: None,
        read: Vec::new(),
        heard: Vec::new(),
    };
    let span = Span { began, ended: Instant::now() + Duration::from_secs(1) };
    first_success(row, &worked, &worked.journal.calls(), &Applied::default(), span)
}

#[test]
fn who_is_served_during_a_fault_that_passes_and_never_after_it_is_not_served() {
    assert_eq!(served_only_during(Fault::IdleTimeout), None);
    // One that lasts is there until all callers have ended.
    assert!(served_only_during(Fault::ReadOnly).is_some());
}
