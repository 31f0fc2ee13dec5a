use super::super::{Command, Repeat};
use super::words;

fn repeat(lines: &[&str]) -> Repeat {
    let mut pipeline = redis::pipe();
    for line in lines {
        pipeline.add_command(words(line));
    }
    let plain = Command::from(pipeline.clone()).repeat();
    assert_eq!(Command::from(pipeline.atomic().clone()).repeat(), plain, "MULTI changes nothing here");
    plain
}

#[test]
fn b33_a_pipeline_is_as_repeatable_as_its_least_repeatable_command() {
    assert_eq!(repeat(&["GET a", "MGET b c", "PING"]), Repeat::ReadOnly);
    assert_eq!(repeat(&["GET a", "SET b 1"]), Repeat::Idempotent);
    assert_eq!(repeat(&["SET a 1", "DEL b", "GET c"]), Repeat::SameEffect);
    assert_eq!(repeat(&["SET a 1", "INCR b", "GET c"]), Repeat::Never);
    assert_eq!(repeat(&[]), Repeat::Never);
}

#[test]
fn b33_writes_that_look_at_nothing_may_follow_each_other() {
    assert_eq!(repeat(&["SET a 1", "SET a 2"]), Repeat::Idempotent);
    assert_eq!(repeat(&["SETEX a 60 1", "MSET a 2 b 3", "SET b 1"]), Repeat::Idempotent);
    assert_eq!(repeat(&["PING", "SET a 1", "PING"]), Repeat::Idempotent);
    assert_eq!(repeat(&["HSET h a 1", "HSET h b 2", "SADD s x", "SREM s x"]), Repeat::SameEffect);
}

#[test]
fn b33_a_read_before_a_write_of_its_key_answers_otherwise_at_the_repeat() {
    assert_eq!(repeat(&["GET a", "SET a 1"]), Repeat::SameEffect);
    assert_eq!(repeat(&["SET a 1", "GET a"]), Repeat::Idempotent);
    assert_eq!(repeat(&["MGET x y a", "MSET b 1 a 2"]), Repeat::SameEffect);
    assert_eq!(repeat(&["MGET x y 2", "MSET b 1 a 2"]), Repeat::Idempotent);
    assert_eq!(repeat(&["SETRANGE a 9 x", "SET a 1"]), Repeat::SameEffect);
}

#[test]
fn b33_a_write_that_depends_on_what_a_later_one_changes_is_another_write_at_the_repeat() {
    assert_eq!(repeat(&["COPY a b REPLACE", "SET a 1"]), Repeat::Never);
    assert_eq!(repeat(&["RENAME a b", "SET a 1"]), Repeat::Never);
    assert_eq!(repeat(&["SET a 1 NX", "DEL a"]), Repeat::Never);
    assert_eq!(repeat(&["EXPIRE a 60", "SET a 1 KEEPTTL"]), Repeat::Never);
    assert_eq!(repeat(&["SET a 1", "EXPIRE a 60", "SET b 1", "EXPIRE b 60"]), Repeat::Idempotent);
    assert_eq!(repeat(&["SET a 1", "COPY a b REPLACE"]), Repeat::Idempotent);
}

#[test]
fn b33_where_the_keys_cannot_be_told_the_answer_is_cautious() {
    assert_eq!(repeat(&["DBSIZE", "SET a 1"]), Repeat::SameEffect);
    assert_eq!(repeat(&["SCRIPT EXISTS x", "SCRIPT LOAD x"]), Repeat::SameEffect);
    assert_eq!(repeat(&["EVAL_RO x 1 k", "SET a 1"]), Repeat::SameEffect);
    assert_eq!(repeat(&["ZUNIONSTORE d 1 s", "SET a 1"]), Repeat::Never);
    assert_eq!(repeat(&["SET a 1", "ZUNIONSTORE d 1 s"]), Repeat::Idempotent);
}
