//! Doors for the fuzz targets (`fuzz/targets`); no other build has them.

use crate::blocking::fuzz_packed;
use crate::health::fuzz_rest;

/// Reads a pipeline back from its bytes, and packs what was read anew.
pub fn packed(bytes: &[u8], offset: usize, count: usize) {
    fuzz_packed(bytes, offset, count);
}

/// Reads what a REST API has answered.
pub fn rest(status: u16, body: &[u8]) {
    fuzz_rest(status, body);
}

/// Looks for the keys of a command, and for their slot.
pub fn keys(command: &redis::Cmd) {
    let _ = (crate::command::first_key(command), crate::command::slot_of(command));
}
