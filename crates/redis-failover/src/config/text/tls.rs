//! How TLS is spoken.

use std::path::PathBuf;

use super::error::{Fault, SettingError};
#[cfg(feature = "tls-no-provider")]
use super::keyed::with;
use super::keyed::{FromNode, Keyed, Shape, keyed, read_table};
use super::scalar::OneOrMore;
use super::tree::Node;
use crate::config::DatabaseConfig;

keyed! {
    /// Whom to trust, what to show.
    struct TlsKeys {
        ca_file: OneOrMore<PathBuf>,
        ca_path: OneOrMore<PathBuf>,
        ca_data: String,
        system_roots: bool,
        client_cert_file: PathBuf,
        client_cert_data: String,
        client_key_file: PathBuf,
        client_key_data: String,
        client_key_password: String,
        server_name: String,
        verify_tls: bool,
    }
}

/// Settings for TLS, in a build that may speak none.
#[cfg(feature = "tls-no-provider")]
pub(super) type Tls = crate::connection::Tls;

#[cfg(not(feature = "tls-no-provider"))]
pub(super) enum Tls {}

impl FromNode for Tls {
    fn shape() -> Shape {
        Shape::Table(TlsKeys::keys())
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        built(read_table(node)?, node)
    }
}

/// Its own settings, or those for all if it speaks TLS.
#[cfg(feature = "tls-no-provider")]
pub(super) fn with_tls(database: DatabaseConfig, own: Option<Tls>, for_all: Option<&Tls>) -> DatabaseConfig {
    let for_all = || for_all.filter(|_| database.speaks_tls()).cloned();
    match own.or_else(for_all) {
        Some(tls) => database.tls(tls),
        None => database,
    }
}

/// What is said for all that speak TLS is said for one at least.
#[cfg(feature = "tls-no-provider")]
pub(super) fn check_used(for_all: Option<&Tls>, databases: &[DatabaseConfig]) -> Result<(), &'static str> {
    if for_all.is_none() || databases.is_empty() || databases.iter().any(DatabaseConfig::speaks_tls) {
        return Ok(());
    }
    Err("no url asks for it; let those begin with rediss that do")
}

#[cfg(feature = "tls-no-provider")]
fn built(said: TlsKeys, node: &Node) -> Result<Tls, Fault> {
    once(node, "client_cert_file", "client_cert_data")?;
    once(node, "client_key_file", "client_key_data")?;
    let tls = with(Tls::new(), said.ca_file, |tls, files| files.0.into_iter().fold(tls, Tls::ca_file));
    let tls = with(tls, said.ca_path, |tls, paths| paths.0.into_iter().fold(tls, Tls::ca_path));
    let tls = with(tls, said.ca_data, Tls::ca_data);
    let tls = with(tls, said.system_roots.filter(|trusted| *trusted), |tls, _| tls.system_roots());
    let tls = with(tls, said.client_cert_file, Tls::client_cert_file);
    let tls = with(tls, said.client_cert_data, Tls::client_cert_data);
    let tls = with(tls, said.client_key_file, Tls::client_key_file);
    let tls = with(tls, said.client_key_data, Tls::client_key_data);
    let tls = with(tls, said.server_name, Tls::server_name);
    let tls = with(tls, said.verify_tls, Tls::verify_tls);
    let tls = key_password(tls, said.client_key_password, node)?;
    tls.check().map_err(|error| {
        SettingError::value(node.place_of(error.option), error.reason).under(error.option)
    })?;
    Ok(tls)
}

#[cfg(feature = "lag-aware")]
fn key_password(tls: Tls, password: Option<String>, _: &Node) -> Result<Tls, Fault> {
    Ok(match password {
        Some(password) => tls.client_key_password(password),
        None => tls,
    })
}

#[cfg(all(feature = "tls-no-provider", not(feature = "lag-aware")))]
fn key_password(tls: Tls, password: Option<String>, node: &Node) -> Result<Tls, Fault> {
    if password.is_none() {
        return Ok(tls);
    }
    let reason = "this build opens no encrypted key; switch on the feature `lag-aware` of redis-failover";
    Err(SettingError::value(node.place_of("client_key_password"), reason).under("client_key_password"))
}

/// Of two keys that say the same, one.
#[cfg(feature = "tls-no-provider")]
fn once(node: &Node, one: &str, other: &str) -> Result<(), Fault> {
    if node.get(one).is_none() || node.get(other).is_none() {
        return Ok(());
    }
    Err(SettingError::contradiction(node, other, format!("there is {one} too; give one of them")))
}

#[cfg(not(feature = "tls-no-provider"))]
pub(super) fn with_tls(database: DatabaseConfig, _: Option<Tls>, _: Option<&Tls>) -> DatabaseConfig {
    database
}

#[cfg(not(feature = "tls-no-provider"))]
pub(super) fn check_used(_: Option<&Tls>, _: &[DatabaseConfig]) -> Result<(), &'static str> {
    Ok(())
}

#[cfg(not(feature = "tls-no-provider"))]
fn built(_: TlsKeys, node: &Node) -> Result<Tls, Fault> {
    Err(SettingError::value(&node.place, crate::config::tls::WITHOUT_TLS))
}
