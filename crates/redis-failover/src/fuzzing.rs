//! Doors for the fuzz targets (`fuzz/targets`); no other build has them.

pub use crate::blocking::fuzz_packed as packed;
pub use crate::health::fuzz_rest as rest;

/// Looks for the keys of a command, and for their slot.
pub fn keys(command: &redis::Cmd) {
    let _ = (crate::command::first_key(command), crate::command::slot_of(command));
}
