//! The options of all databases or of one. Health checks, which stand for themselves here, are read apart.

use std::sync::Arc;
use std::time::Duration;

use tower_failover::health::Policy;
use tower_failover::{Backoff, Kinds, Suspicion};

use super::error::Fault;
use super::keyed::{FromNode, Key, Keyed};
use super::tree::Node;
use crate::config::options::{Options, each_option};
use crate::connection::Standby;

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $option:ident: $kind:ty,)+) => {
        impl Keyed for Options {
            fn keys() -> Vec<Key> {
                vec![
                    $(Key { name: stringify!($option), shape: <$kind>::shape() },)+
                    Key { name: "health_check_policy", shape: <Arc<dyn Policy>>::shape() },
                    Key { name: "client_name", shape: <Arc<str>>::shape() },
                ]
            }

            fn say(&mut self, key: &str, node: &Node) -> Result<bool, Fault> {
                match key {
                    $(stringify!($option) => self.$option = Some(FromNode::read(node)?),)+
                    "health_check_policy" => self.health_check_policy = Some(FromNode::read(node)?),
                    "client_name" => self.client_name = Some(FromNode::read(node)?),
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

each_option!(keys);
