//! The Redis protocol, as a server speaks it.

mod reply;
mod request;

#[cfg(fuzzing)]
pub use self::request::fuzz;
pub(super) use self::{
    reply::{Protocol, Value},
    request::Decoder,
};
