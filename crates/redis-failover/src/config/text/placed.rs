//! Where it was said what an error of the whole configuration is about.

use super::error::{Fault, SettingError};
use super::place::Place;
use super::tree::Node;
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig};

/// The same error, with its place.
pub(super) fn placed(error: ConfigError, root: &Node, config: &MultiDbConfig) -> Fault {
    let mut databases = config.databases.iter();
    let (index, options): (_, &[&str]) = match &error {
        // The second of that name, and not the first.
        ConfigError::DuplicateName { database } => {
            let is_one = named(database);
            let ones = databases.enumerate().filter(|(_, config)| is_one(config));
            (ones.map(|(index, _)| index).nth(1), &["name"])
        }
        ConfigError::DuplicateAddress { database } => {
            (databases.rposition(named(database)), &["url", "nodes", "sentinel"])
        }
        ConfigError::Weight { database, .. } => (databases.position(named(database)), &["weight"]),
        ConfigError::DatabaseOption { database, option, .. } => {
            (databases.position(named(database)), &[*option])
        }
        ConfigError::Option { option, .. } => (None, &[*option]),
        _ => (None, &["databases"]),
    };
    SettingError::refused(&place(root, index, options), error)
}

fn named(name: &str) -> impl Fn(&DatabaseConfig) -> bool {
    move |config| config.name_or_address() == name
}

/// Where an option of a database, or of all, was said; else where the database was.
fn place(root: &Node, database: Option<usize>, options: &[&str]) -> Place {
    let of_list = |key| root.get(key).and_then(|entry| entry.node.at(database?));
    let table = of_list("databases").or_else(|| of_list("urls"));
    match options
        .iter()
        .find_map(|option| table.and_then(|table| table.find(option)).or_else(|| root.find(option)))
    {
        Some(entry) => entry.place.clone(),
        None => table.unwrap_or(root).place.clone(),
    }
}
