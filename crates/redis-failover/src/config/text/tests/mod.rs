mod credentials;
mod environment;
mod errors;
mod from_serde;
mod keys;
mod kinds;
mod sample;
mod secrets;

use crate::cursor::CursorTag;
use crate::{ConfigError, MultiDbConfig};

/// Two databases, for configurations that are about something else.
const DATABASES: &str =
    "\n[[databases]]\nurl = 'redis://eu'\nname = 'eu'\n[[databases]]\nurl = 'redis://us'\nname = 'us'\n";

/// What is said at the top, with two databases.
fn at_the_top(said: &str) -> Result<MultiDbConfig, ConfigError> {
    MultiDbConfig::from_toml(&format!("{said}{DATABASES}"))
}

/// What is said of the second of two databases.
fn of_us(said: &str) -> Result<MultiDbConfig, ConfigError> {
    MultiDbConfig::from_toml(&format!("{DATABASES}{said}\n"))
}

/// All that comes of a configuration, said or not, but for what is secret.
fn shown(config: &MultiDbConfig) -> String {
    let databases = config.databases.iter().map(|database| {
        let options = database.options(&config.options);
        let tag = CursorTag::of("one");
        format!(
            "{:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}\n",
            database.location(),
            database.name_or_address(),
            database.weight,
            options.health(),
            options.health_checks(),
            (options.thresholds(), options.failure_kinds()),
            options.suspicion(),
            options.circuit(),
            (options.unserviceable_after(), options.grace_period()),
            options.response_timeout(),
            options.connect_timeout(),
            options.dedicated(tag),
            options.client_name(),
            options.link(tag),
        )
    });
    format!(
        "{}{:?} {:?} {:?} {:?} {:?}",
        databases.collect::<String>(),
        config.failover(),
        config.command_retry,
        config.retry_safety,
        config.initial_policy,
        config.tolerate_misconfigured,
    )
}
