//! The lag-aware health check.

use std::time::Duration;

#[cfg(feature = "lag-aware")]
use super::error::Problem;
use super::error::{Fault, SettingError};
#[cfg(feature = "lag-aware")]
use super::keyed::with;
use super::keyed::{FromNode, Keyed, Shape, keyed, read_table};
use super::tls::Tls;
use super::tree::Node;

keyed! {
    /// How Redis Enterprise's REST API is asked.
    struct LagAwareKeys {
        rest_api_port: u16,
        lag_aware_tolerance: Duration,
        timeout: Duration,
        health_check_interval: Duration,
        fallback_only: bool,
        auth_basic: User,
        tls: Tls,
    }
}

keyed! {
    /// Who asks.
    struct User { username: String, password: String, }
}

/// The check, in a build that may have none.
#[cfg(feature = "lag-aware")]
pub(super) type LagAware = crate::health::LagAware;

#[cfg(not(feature = "lag-aware"))]
pub(super) enum LagAware {}

impl FromNode for LagAware {
    fn shape() -> Shape {
        Shape::Table(LagAwareKeys::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        built(read_table(node)?, node)
    }
}

#[cfg(feature = "lag-aware")]
fn built(said: LagAwareKeys, node: &Node) -> Result<LagAware, Fault> {
    let check = with(LagAware::new(), said.rest_api_port, LagAware::rest_api_port);
    let check = with(check, said.lag_aware_tolerance, LagAware::lag_aware_tolerance);
    let check = with(check, said.timeout, LagAware::timeout);
    let check = with(check, said.health_check_interval, LagAware::health_check_interval);
    let check = with(check, said.fallback_only, LagAware::fallback_only);
    let check = with(check, said.tls, LagAware::tls);
    let check = match said.auth_basic {
        Some(User { username: Some(username), password: Some(password) }) => {
            check.auth_basic(username, password)
        }
        Some(_) => {
            let problem = Problem::Missing("give username and password, both".into());
            return Err(SettingError::new(node.place_of("auth_basic"), problem).under("auth_basic"));
        }
        None => check,
    };
    check.validate().map_err(|error| {
        let place = node.find(error.option).map_or(&node.place, |entry| &entry.place);
        let fault = SettingError::value(place, error.reason).under(error.option);
        // All else that concerns TLS was looked at by itself.
        if error.option == "server_name" { fault.under("tls") } else { fault }
    })?;
    Ok(check)
}

#[cfg(not(feature = "lag-aware"))]
fn built(_: LagAwareKeys, node: &Node) -> Result<LagAware, Fault> {
    let reason = "this build has no lag-aware check; switch on the feature `lag-aware` of redis-failover";
    Err(SettingError::value(&node.place, reason))
}
