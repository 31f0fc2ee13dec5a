//! Member crate `examples`.
