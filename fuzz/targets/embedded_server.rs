//! The embedded server's parser takes bytes in any pieces, and takes no memory for lengths that are only announced.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|pieces: Vec<Vec<u8>>| {
    let whole: Vec<u8> = pieces.concat();
    let in_pieces = failover_testkit::embedded::fuzz(pieces.iter().map(Vec::as_slice));
    let at_once = failover_testkit::embedded::fuzz([whole.as_slice()]);
    assert_eq!(in_pieces, at_once, "it does not matter how the bytes are cut");
});
