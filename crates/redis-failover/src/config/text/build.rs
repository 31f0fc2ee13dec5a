//! From what was said to a configuration.

use super::client::{Client, CommandRetry, Database, RetryBudget, Url, label};
use super::credentials::Credentials;
use super::error::{Fault, SettingError};
use super::keyed::{read_table, with};
use super::kind::{of_kind, with_counted_nodes};
use super::placed::placed;
use super::tls::{check_used, with_tls};
use super::tree::Node;
use super::words::backoff;
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig, by_preference};

/// The configuration that `root` says, checked.
pub(super) fn build(root: &Node) -> Result<MultiDbConfig, Fault> {
    let mut said: Client = read_table(root)?;
    said.credentials.check().map_err(|(key, reason)| SettingError::contradiction(root, key, reason))?;
    if let Some(checks) = said.health_checks.take() {
        let checks: Vec<_> = checks.with(&said.options).collect();
        said.options.health_checks = Some(checks);
    }
    let databases = match (said.urls.take(), said.databases.take()) {
        (Some(_), Some(_)) => {
            let reason = "there are databases too; give either a list of urls or databases";
            return Err(SettingError::contradiction(root, "urls", reason));
        }
        (Some(urls), None) => of_urls(urls.0, root, &said)?,
        (None, Some(databases)) => of_tables(databases.0, root, &said)?,
        (None, None) => Vec::new(),
    };
    check_used(said.tls.as_ref(), &databases)
        .map_err(|reason| SettingError::contradiction(root, "tls", reason))?;
    let config = with_options(MultiDbConfig::new(databases), said, root)?;
    config.validate().map_err(|error| placed(error, root, &config))?;
    Ok(config)
}

fn of_urls(urls: Vec<Url>, root: &Node, all: &Client) -> Result<Vec<DatabaseConfig>, Fault> {
    let list = root.inner("urls");
    let databases = urls.into_iter().enumerate().map(|(index, url)| {
        let place = &list.at(index).unwrap_or(list).place;
        let refused = |error: ConfigError| SettingError::refused(place, error.of_url(index + 1));
        let database = DatabaseConfig::from_url(&url.0).map_err(refused)?;
        let database = with_tls(database, None, all.tls.as_ref());
        Credentials::default()
            .apply(&all.credentials, database)
            .map_err(|(key, reason)| SettingError::contradiction(root, key, reason))
    });
    Ok(by_preference(databases.collect::<Result<Vec<_>, _>>()?).collect())
}

fn of_tables(databases: Vec<Database>, root: &Node, all: &Client) -> Result<Vec<DatabaseConfig>, Fault> {
    let list = root.inner("databases");
    let databases = databases.into_iter().enumerate().map(|(index, database)| {
        let node = list.at(index).unwrap_or(list);
        of_table(database, node, all).map_err(|fault| fault.of(label(node, index)))
    });
    databases.collect()
}

fn of_table(said: Database, node: &Node, all: &Client) -> Result<DatabaseConfig, Fault> {
    let mut database = of_kind(said.url, said.nodes, said.sentinel, node)?;
    if let Some(name) = said.name {
        database = database.name(name);
    }
    if let Some(weight) = said.weight {
        database = database.weight(weight.0);
    }
    database.options = said.options;
    if let Some(checks) = said.health_checks {
        let options = database.options.or(&all.options);
        database = database.health_checks(checks.with(&options));
    }
    if let Some(nodes) = said.cluster_health {
        database = with_counted_nodes(database, nodes, node)?;
    }
    #[cfg(feature = "lag-aware")]
    if let Some(url) = said.health_check_url {
        database = database.health_check_url(url);
    }
    let database = with_tls(database, said.tls, all.tls.as_ref());
    let applied = said.credentials.apply(&all.credentials, database);
    applied.map_err(|(key, reason)| SettingError::contradiction(node, key, reason))
}

fn with_options(mut config: MultiDbConfig, said: Client, root: &Node) -> Result<MultiDbConfig, Fault> {
    config.options = said.options;
    if let Some(CommandRetry { retries, base, cap }) = said.command_retry {
        let usual = config.command_retry;
        let (base, cap) =
            (base.unwrap_or(usual.backoff.limit(0)), cap.unwrap_or(usual.backoff.limit(u32::MAX)));
        let backoff =
            backoff(root.inner("command_retry"), base, cap).map_err(|fault| fault.under("command_retry"))?;
        config = config.command_retry(retries.unwrap_or(usual.retries), backoff);
    }
    if let Some(RetryBudget { share, floor }) = said.retry_budget {
        let usual = config.command_retry;
        config =
            config.retry_budget(share.unwrap_or(usual.budget_share), floor.unwrap_or(usual.budget_floor));
    }
    let config = with(config, said.retry_safety, MultiDbConfig::retry_safety);
    let config = with(config, said.auto_fallback_interval, |config, interval| {
        config.auto_fallback_interval(interval.0)
    });
    let config = with(config, said.fallback_jitter, MultiDbConfig::fallback_jitter);
    let config = with(config, said.failover_attempts, MultiDbConfig::failover_attempts);
    let config = with(config, said.failover_delay, MultiDbConfig::failover_delay);
    let config = with(config, said.wait_for_database, |config, limit| config.wait_for_database(limit.0));
    let config = with(config, said.initial_health_check_policy, MultiDbConfig::initial_health_check_policy);
    let config = with(config, said.tolerate_misconfigured, MultiDbConfig::tolerate_misconfigured);
    #[cfg(feature = "lag-aware")]
    let config = with(config, said.lag_aware, MultiDbConfig::lag_aware);
    Ok(config)
}
