//! The Redis protocol, as a server speaks it.

mod reply;
mod request;

pub(super) use self::{
    reply::{Protocol, Value},
    request::Decoder,
};
