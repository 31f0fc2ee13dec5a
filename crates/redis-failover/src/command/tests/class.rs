use std::time::Duration;

use super::super::{
    Blocking, Command, ConnectionState,
    rows::{ROWS, flag::I},
};
use super::words;
use crate::cursor::cursor_position;

fn blocking(line: &str) -> Option<Blocking> {
    Command::from(words(line)).blocking()
}

#[test]
fn b49_a_blocking_command_tells_its_own_timeout() {
    let seconds = |seconds| Some(Blocking::For(Duration::from_secs_f64(seconds)));
    for (line, expected) in [
        ("BLPOP a b 0.5", seconds(0.5)),
        ("brpop a 0", Some(Blocking::Forever)),
        ("BLMOVE a b LEFT RIGHT 3", seconds(3.0)),
        ("BRPOPLPUSH a b 2", seconds(2.0)),
        ("BZPOPMIN a 1.25", seconds(1.25)),
        ("BLMPOP 4 1 a LEFT", seconds(4.0)),
        ("BZMPOP 0 1 a MIN", Some(Blocking::Forever)),
        ("WAIT 1 250", seconds(0.25)),
        ("WAIT 1 0", Some(Blocking::Forever)),
        ("WAITAOF 1 1 750", seconds(0.75)),
        ("XREAD COUNT 2 block 100 STREAMS s $", seconds(0.1)),
        ("XREADGROUP GROUP BLOCK 7 BLOCK 0 STREAMS s >", Some(Blocking::Forever)),
        ("XREAD STREAMS BLOCK 0", None),
        ("XREADGROUP GROUP g c STREAMS s >", None),
        ("LPOP a", None),
        ("GET BLOCK", None),
    ] {
        assert_eq!(blocking(line), expected, "{line}");
    }
}

#[test]
fn b49_a_timeout_that_the_server_refuses_waits_for_nothing() {
    for line in ["BLPOP a -1", "BLPOP a soon", "BLPOP", "BLPOP a inf", "WAIT 1 -5", "XREAD BLOCK"] {
        assert_eq!(blocking(line), Some(Blocking::For(Duration::ZERO)), "{line}");
    }
}

#[test]
fn b49_the_waits_of_a_pipeline_add_up_and_a_transaction_has_none() {
    let mut pipeline = redis::pipe();
    pipeline.add_command(words("BLPOP a 1")).add_command(words("GET a")).add_command(words("BLPOP a 2"));
    assert_eq!(Command::from(pipeline.clone()).blocking(), Some(Blocking::For(Duration::from_secs(3))));

    pipeline.add_command(words("BLPOP a 0"));
    assert_eq!(Command::from(pipeline.clone()).blocking(), Some(Blocking::Forever));

    pipeline.atomic();
    assert_eq!(Command::from(pipeline).blocking(), None);
}

#[test]
fn b49_whether_it_blocks_is_still_known_once_a_call_was_admitted() {
    let admitted = |lines: &[&str]| {
        let mut pipeline = redis::pipe();
        for line in lines {
            pipeline.add_command(words(line));
        }
        Command::from(pipeline).admitted().unwrap().blocking()
    };
    let second = Some(Blocking::For(Duration::from_secs(1)));
    assert_eq!(admitted(&["BLPOP a 1"]), second);
    assert_eq!(admitted(&["BLPOP a 1", "GET a"]), second);
    assert_eq!(admitted(&["GET a", "NO.SUCH", "BLPOP a 1"]), second);
    assert_eq!(admitted(&["GET a", "SET a 1"]), None);
}

#[test]
fn b50_each_state_has_its_own_way_to_be_changed() {
    for (state, advice) in [
        (ConnectionState::Database, "url"),
        (ConnectionState::Authentication, "credentials"),
        (ConnectionState::Subscription, "pubsub"),
        (ConnectionState::Transaction, "transaction"),
        (ConnectionState::Name, "client_name"),
        (ConnectionState::Stream, "redis::Client"),
    ] {
        assert!(state.instead().contains(advice), "{state:?}: {}", state.instead());
    }
}

#[test]
fn b50_commands_that_change_their_connection_are_known() {
    for (line, expected) in [
        ("SELECT 3", ConnectionState::Database),
        ("auth user password", ConnectionState::Authentication),
        ("HELLO 3", ConnectionState::Authentication),
        ("SUBSCRIBE news", ConnectionState::Subscription),
        ("PUNSUBSCRIBE", ConnectionState::Subscription),
        ("SSUBSCRIBE news", ConnectionState::Subscription),
        ("MULTI", ConnectionState::Transaction),
        ("watch k", ConnectionState::Transaction),
        ("EXEC", ConnectionState::Transaction),
        ("MONITOR", ConnectionState::Stream),
        ("CLIENT reply OFF", ConnectionState::Reply),
        ("CLIENT TRACKING ON", ConnectionState::Tracking),
        ("CLIENT SETNAME me", ConnectionState::Name),
        ("READONLY", ConnectionState::Session),
        ("RESET", ConnectionState::Session),
        ("QUIT", ConnectionState::Session),
    ] {
        assert_eq!(Command::from(words(line)).connection_state(), Some(expected), "{line}");
    }
}

#[test]
fn b50_other_commands_leave_their_connection_as_it_is() {
    for line in ["GET SELECT", "CLIENT ID", "CLIENT KILL ID 7", "PUBLISH a b", "NO.SUCH", ""] {
        assert_eq!(Command::from(words(line)).connection_state(), None, "{line}");
    }
    let mut pipeline = redis::pipe();
    pipeline.get("a").add_command(words("SELECT 1"));
    assert_eq!(Command::from(pipeline).connection_state(), Some(ConnectionState::Database));
}

#[test]
fn b60_the_table_knows_just_those_commands_whose_cursors_are_looked_at() {
    for (name, flags, ..) in ROWS {
        let is_looked_at = cursor_position(&words(name)).is_some();
        assert_eq!(flags & I != 0, is_looked_at, "{name}");
    }
}
