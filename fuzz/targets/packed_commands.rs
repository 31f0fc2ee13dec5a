//! Whatever bytes are handed over as a packed command or pipeline, they are read back as such or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, u8, u8)| {
    let (bytes, offset, count) = input;
    redis_failover::fuzzing::packed(&bytes, usize::from(offset), usize::from(count));
});
