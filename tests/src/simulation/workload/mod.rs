//! Who uses the client, and who watches it. All of them run in the client's host.

mod bystander;
mod caller;
mod calls;
mod observer;
mod operator;
mod reader;

pub use bystander::Bystander;
pub use caller::Caller;
pub use calls::counter_of;
pub use observer::observe;
pub use operator::operate;
pub use reader::read;
