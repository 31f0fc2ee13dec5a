use redis::{Cmd, Value};

use super::*;

fn scan_reply(cursor: u64) -> Value {
    Value::Array(vec![
        Value::BulkString(cursor.to_string().into_bytes()),
        Value::Array(vec![Value::BulkString(b"member".to_vec())]),
    ])
}

fn cursor_of(reply: Value) -> u64 {
    redis::from_redis_value::<(u64, Vec<String>)>(reply).unwrap().0
}

fn scans(cursor: u64) -> Vec<Cmd> {
    let mut scans = vec![redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(5).take()];
    for name in ["HSCAN", "sscan", "ZSCAN"] {
        scans.push(redis::cmd(name).arg("key").arg(cursor).take());
        // As redis-rs's own iterators have it.
        scans.push(redis::cmd(name).arg("key").cursor_arg(cursor).arg("MATCH").arg("*").take());
    }
    scans.push(redis::cmd("SCAN").cursor_arg(cursor).take());
    scans
}

fn packed(command: &Command<'_>) -> Vec<Vec<u8>> {
    command.commands().map(Cmd::get_packed_command).collect()
}

fn london_and_paris() -> (CursorTag, CursorTag) {
    let tags = CursorTag::assign(&["london", "paris"]).unwrap();
    (tags[0], tags[1])
}

#[test]
fn b60_a_cursor_goes_back_to_its_own_database_as_it_came() {
    let (london, _) = london_and_paris();
    for (at, first) in scans(0).iter().enumerate() {
        let seen = cursor_of(london.incoming(&Command::from(first), scan_reply(17)).unwrap());
        assert!(seen > 17 && i64::try_from(seen).is_ok());

        let sent = london.outgoing(&Command::from(&scans(seen)[at])).unwrap().unwrap();
        assert_eq!(packed(&sent), [scans(17)[at].get_packed_command()]);
    }
}

#[test]
fn b60_a_cursor_is_never_sent_to_another_database() {
    let (london, paris) = london_and_paris();
    let seen = cursor_of(london.incoming(&Command::from(&scans(0)[0]), scan_reply(17)).unwrap());
    for scan in scans(seen) {
        assert_eq!(paris.outgoing(&Command::from(&scan)).err(), Some(ScanInterrupted));
    }
    // One that never had a tag was not issued through this client.
    assert_eq!(paris.outgoing(&Command::from(&scans(17)[0])).err(), Some(ScanInterrupted));
}

#[test]
fn b60_a_cursor_of_one_server_of_a_database_is_refused_by_another() {
    let (london, _) = london_and_paris();
    let [one, other] = ["10.0.0.1:6379", "10.0.0.2:6379"].map(|address| london.on(Some(server_at(address))));
    let seen = cursor_of(one.incoming(&Command::from(&scans(0)[0]), scan_reply(17)).unwrap());
    for (scan, as_issued) in scans(seen).iter().zip(scans(17)) {
        assert_eq!(other.outgoing(&Command::from(scan)).err(), Some(ScanInterrupted));
        let sent = one.outgoing(&Command::from(scan)).unwrap().unwrap();
        assert_eq!(packed(&sent), [as_issued.get_packed_command()]);
    }
    let too_large = one.incoming(&Command::from(&scans(0)[0]), scan_reply(1 << 48));
    assert_eq!(too_large.err(), Some(CursorTooLarge));
}

#[test]
fn b60_a_scan_may_begin_and_end_anywhere() {
    let (london, _) = london_and_paris();
    for scan in scans(0) {
        let scan = Command::from(&scan);
        assert!(london.outgoing(&scan).unwrap().is_none());
        assert_eq!(london.incoming(&scan, scan_reply(0)).unwrap(), scan_reply(0));
    }
}

#[test]
fn b60_other_commands_and_errors_pass_untouched() {
    let (london, _) = london_and_paris();
    let get = redis::cmd("MGET").arg(17).take();
    assert!(london.outgoing(&Command::from(&get)).unwrap().is_none());
    assert_eq!(london.incoming(&Command::from(&get), scan_reply(17)).unwrap(), scan_reply(17));

    let loading = redis::parse_redis_value(b"-LOADING wait\r\n").unwrap();
    assert_eq!(london.incoming(&Command::from(&scans(0)[0]), loading.clone()).unwrap(), loading);
    let nonsense = redis::cmd("SCAN").arg("soon").take();
    assert!(london.outgoing(&Command::from(&nonsense)).unwrap().is_none());
    assert!(london.outgoing(&Command::from(&Cmd::new())).unwrap().is_none());
}

#[test]
fn b60_a_cursor_that_needs_the_top_byte_is_an_error() {
    let (london, _) = london_and_paris();
    let scan = Command::from(scans(0).remove(0));
    assert_eq!(london.incoming(&scan, scan_reply(1 << 56)), Err(CursorTooLarge));
    assert!(london.incoming(&scan, scan_reply((1 << 56) - 1)).is_ok());
}

#[test]
fn b60_scans_inside_pipelines_are_tagged_too() {
    let (london, paris) = london_and_paris();
    for atomic in [false, true] {
        let wrap =
            |replies| if atomic { Value::Array(vec![Value::Array(replies)]) } else { Value::Array(replies) };
        let pipeline = |cursor: u64| {
            let mut pipeline = redis::pipe();
            pipeline.get("k").cmd("SCAN").arg(cursor);
            if atomic {
                pipeline.atomic();
            }
            Command::from(pipeline)
        };
        let replies = wrap(vec![Value::Nil, scan_reply(17)]);
        let seen = london.incoming(&pipeline(0), replies).unwrap();
        let tagged = london.bits() | 17;
        assert_eq!(seen, wrap(vec![Value::Nil, scan_reply(tagged)]));

        let sent = london.outgoing(&pipeline(tagged)).unwrap().unwrap();
        assert_eq!(packed(&sent), packed(&pipeline(17)));
        assert_eq!(sent.is_atomic(), atomic);
        assert_eq!(paris.outgoing(&pipeline(tagged)).err(), Some(ScanInterrupted));
    }
}

#[test]
fn b60_tags_follow_from_the_names_whatever_their_order() {
    let names: Vec<String> = (0..CursorTag::COUNT).map(|at| format!("region-{at}")).collect();
    let tags = CursorTag::assign(&names).unwrap();
    let distinct: std::collections::HashSet<_> = tags.iter().collect();
    assert_eq!(distinct.len(), CursorTag::COUNT);

    let reversed: Vec<&String> = names.iter().rev().collect();
    let mut again = CursorTag::assign(&reversed).unwrap();
    again.reverse();
    assert_eq!(again, tags);

    assert_eq!(CursorTag::assign(&["london"]).unwrap(), [CursorTag::of("london")]);
    let too_many = vec!["name"; CursorTag::COUNT + 1];
    assert_eq!(CursorTag::assign(&too_many), Err(TooManyDatabases { count: 128 }));
}

/// An application may go on elsewhere with a cursor that an older release has tagged.
#[test]
fn b60_a_servers_mark_is_the_same_in_every_release() {
    let marks = ["127.0.0.1:6379", "eu.example:6379"].map(|address| server_at(address).get());
    assert_eq!(marks, [144, 116]);
}

#[test]
fn b60_errors_say_what_happened_and_what_to_do() {
    assert!(ScanInterrupted.to_string().ends_with("start the scan again with cursor 0"));
    assert!(CursorTooLarge.to_string().contains("cursor is too large"));
    let (too_many, most) = (TooManyDatabases { count: 300 }.to_string(), CursorTag::COUNT.to_string());
    assert!(too_many.starts_with("300 databases") && too_many.contains(&most), "{too_many}");
}
