//! Whatever the REST API answers, it is a finding or nothing that could be found out.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (status, body) = input;
    redis_failover::fuzzing::rest(status, &body);
});
