//! Whatever the words of a command are, it is classified: may it be repeated, does it wait, where are its keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis::Cmd;
use redis_failover::command::{Command, RetrySafety};

fuzz_target!(|words: Vec<Vec<u8>>| {
    let mut command = Cmd::new();
    words.iter().for_each(|word| {
        command.arg(word);
    });
    let single = Command::from(&command);
    let _ = (single.name(), single.is_keyed(), single.blocking(), single.connection_state());
    redis_failover::fuzzing::keys(&command);
    if !single.is_write() && single.may_repeat(RetrySafety::ReadOnly) {
        assert!(single.may_repeat(RetrySafety::Idempotent), "what is safe is safe at a looser level");
    }
    // A pipeline is as repeatable as its least repeatable command.
    let mut pipeline = redis::pipe();
    pipeline.add_command(command.clone()).add_command(redis::cmd("INCR").arg("key").to_owned());
    assert!(!Command::pipeline(&pipeline, 0, 2).may_repeat(RetrySafety::Idempotent));
});
