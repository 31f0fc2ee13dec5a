//! What redis-rs packs is read back as it was, and nothing else is read at all.

use proptest::prelude::*;
use redis::ToRedisArgs;

use super::*;

fn words(command: &Cmd) -> Vec<Vec<u8>> {
    let words = command.args_iter().map(|word| match word {
        Arg::Simple(word) => word.to_vec(),
        _ => panic!("no cursor survives the packing"),
    });
    words.collect()
}

fn all_words(pipeline: &Pipeline) -> Vec<Vec<Vec<u8>>> {
    pipeline.cmd_iter().map(words).collect()
}

/// Any command: words of any bytes, empty ones too.
fn any_words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8)
}

fn built(words: &[Vec<u8>]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(word.as_slice());
    }
    command
}

fn packed(commands: &[Vec<Vec<u8>>], atomic: bool) -> (Pipeline, Vec<u8>) {
    let mut pipeline = redis::pipe();
    for words in commands {
        pipeline.add_command(built(words));
    }
    if atomic {
        pipeline.atomic();
    }
    let bytes = pipeline.get_packed_pipeline();
    (pipeline, bytes)
}

proptest! {
    #[test]
    fn b54_a_packed_command_is_read_back_as_it_was(given in any_words()) {
        let read = command(&built(&given).get_packed_command()).unwrap();
        prop_assert_eq!(words(&read), given);
    }

    #[test]
    fn b54_a_packed_pipeline_is_read_back_as_it_was(
        given in prop::collection::vec(any_words(), 0..6),
        atomic: bool,
    ) {
        let (_, bytes) = packed(&given, atomic);
        let (offset, count) = if atomic { (given.len() + 1, 1) } else { (0, given.len()) };
        let read = pipeline(&bytes, offset, count).unwrap();
        prop_assert_eq!(all_words(&read), given);
        prop_assert_eq!(read.is_transaction(), atomic);
        // And it is packed as before.
        prop_assert_eq!(read.get_packed_pipeline(), bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, offset in 0..4_usize, count in 0..4_usize) {
        let _ = command(&bytes);
        let _ = pipeline(&bytes, offset, count);
    }

    /// As `any_bytes_…`, with bytes that are nearly commands.
    #[test]
    fn any_nearly_packed_bytes_are_read_or_refused(
        bytes in r"([*$][0-9]{0,20}(\r\n|\n|)[a-z]{0,3}(\r\n|\r|)){0,6}",
        offset in 0..4_usize,
        count in 0..4_usize,
    ) {
        if let Ok(read) = command(bytes.as_bytes()) {
            prop_assert_eq!(words(&command(&packed(&[words(&read)], false).1).unwrap()), words(&read));
        }
        let _ = pipeline(bytes.as_bytes(), offset, count);
    }

    #[test]
    fn a_packed_command_that_was_cut_or_changed_is_no_longer_that_command(
        given in any_words(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let whole = built(&given).get_packed_command();
        let at = at.index(whole.len());
        prop_assert!(command(&whole[..at]).is_err());
        let mut changed = whole.clone();
        changed[at] = byte;
        match command(&changed) {
            Ok(read) => prop_assert_eq!(words(&read) == given, byte == whole[at]),
            Err(_) => prop_assert!(byte != whole[at]),
        }
    }
}

#[test]
fn lengths_that_cannot_be_there_take_no_memory() {
    for bytes in ["*99999999999\r\n", "*2\r\n$99999999999\r\nGET\r\n", "*99999999999999999999999\r\n"] {
        assert!(command(bytes.as_bytes()).is_err(), "{bytes:?}");
    }
    assert_eq!(command(b"*99999999999999999999999\r\n").unwrap_err(), Malformed::Number);
    assert_eq!(command(b"*-1\r\n").unwrap_err(), Malformed::Line);
    assert_eq!(command(b"*\r\n").unwrap_err(), Malformed::Number);
}

#[test]
fn what_is_no_command_is_refused_and_not_shown() {
    assert_eq!(command(b"").unwrap_err(), Malformed::Truncated);
    assert_eq!(command(b"PING\r\n").unwrap_err(), Malformed::Sign(b'*'));
    assert_eq!(command(b"*1\r\n:4\r\nPING\r\n").unwrap_err(), Malformed::Sign(b'$'));
    assert_eq!(command(b"*1\r\n$3\r\nPING\r\n").unwrap_err(), Malformed::Line);
    let twice = redis::cmd("PING").get_packed_command().repeat(2);
    assert_eq!(command(&twice).unwrap_err(), Malformed::Rest);

    let error = RedisError::from(command(b"AUTH secret\r\n").unwrap_err()).to_string();
    assert!(error.contains("nothing was sent") && !error.contains("secret"), "{error}");
}

#[test]
fn b47_what_is_no_whole_transaction_is_not_taken_for_one() {
    let (_, plain) = packed(&[vec![b"GET".to_vec(), b"key".to_vec()]], false);
    assert_eq!(pipeline(&plain, 2, 1).unwrap_err(), Malformed::NotAtomic);
    let (_, atomic) = packed(&[vec![b"GET".to_vec(), b"key".to_vec()]], true);
    assert_eq!(pipeline(&atomic, 1, 2).unwrap_err(), Malformed::Replies { offset: 1, count: 2, commands: 1 });
    // Its MULTI and EXEC are commands then, which nobody may send.
    assert!(!pipeline(&atomic, 0, 3).unwrap().is_transaction());
    assert_eq!(pipeline(b"", 0, 0).unwrap().len(), 0);
    assert_eq!(pipeline(b"", 1, 1).unwrap_err(), Malformed::NotAtomic);
    let multi = redis::cmd("MULTI").get_packed_command();
    assert_eq!(pipeline(&multi, 1, 1).unwrap_err(), Malformed::NotAtomic);
}

#[test]
fn b60_the_cursor_of_an_iterator_is_a_word_like_others() {
    let mut scan = redis::cmd("SCAN");
    scan.cursor_arg(1 << 57).arg("MATCH").arg("x*");
    let read = command(&scan.get_packed_command()).unwrap();
    assert_eq!(words(&read)[1], (1_u64 << 57).to_redis_args()[0]);
}

#[test]
fn a_command_without_words_is_refused() {
    assert_eq!(command(b"*0\r\n").map(|_| ()), Err(Malformed::Empty));
    assert_eq!(pipeline(b"*0\r\n", 0, 1).map(|_| ()), Err(Malformed::Empty));
}
