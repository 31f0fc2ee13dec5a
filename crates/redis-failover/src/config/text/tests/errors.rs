//! What is wrong is told with its key, its database and its place.

use std::error::Error;
use std::io;

use super::super::client::{Client, Database};
use super::super::foreign;
use super::super::keyed::{Key, Keyed, Shape};
use super::{DATABASES, at_the_top, of_us};
use crate::config::{Place, Problem, SettingError};
use crate::{ConfigError, MultiDbConfig};

fn setting(error: ConfigError) -> SettingError {
    match error {
        ConfigError::Setting(error) => *error,
        other => panic!("{other:?}"),
    }
}

/// What is said at the top is refused, in these words.
#[track_caller]
fn refused(said: &str, words: &str) {
    let error = at_the_top(said).expect_err(said).to_string();
    assert!(error.contains(words), "{said}\n  {error}\n  does not say: {words}");
    assert!(error.starts_with("line 1, column "), "{error}");
}

/// What is said of the second database is refused, in these words, with its name and its line.
#[track_caller]
fn refused_of_us(said: &str, words: &str) {
    let error = of_us(said).expect_err(said).to_string();
    assert!(error.contains(words), "{said}\n  {error}\n  does not say: {words}");
    assert!(error.starts_with("line 8, column ") && error.contains("of database us "), "{error}");
}

#[test]
fn b56_an_unknown_key_is_told_with_its_line_and_the_nearest_name() {
    let text = format!("grace_period = '1s'\n  health_check_intervall = '1s'\n{DATABASES}");
    let error = setting(MultiDbConfig::from_toml(&text).unwrap_err());
    assert_eq!(error.place, Place::Line { file: None, line: 2, column: 3 });
    assert_eq!(error.key.as_deref(), Some("health_check_intervall"));
    assert!(
        matches!(&error.problem, Problem::UnknownKey(Some(advice)) if advice.contains("health_check_interval?"))
    );
    refused("nonsense = 1", "key nonsense is unknown");
    refused("retry_safty = 'all'", "did you mean retry_safety?");
    refused("command_retry = { retires = 3 }", "key command_retry.retires is unknown; did you mean retries?");
    refused_of_us("wieght = 1", "key wieght of database us is unknown; did you mean weight?");
}

#[test]
fn b56_a_key_in_the_wrong_table_is_told_the_right_one() {
    refused("weight = 1", "weight is said for one database, under [[databases]]");
    refused("lag_aware_tolerance = '1s'", "here it is lag_aware.lag_aware_tolerance");
    refused("ca_file = 'ca.pem'", "here it is tls.ca_file");
    refused("lag_aware = { ca_file = 'ca.pem' }", "here it is tls.ca_file");
    refused("retries = 3", "here it is command_retry.retries");
    refused_of_us(
        "failover_delay = '1s'",
        "failover_delay is said for all databases, at the top, before any table",
    );
    refused_of_us("lag_aware_tolerance = '1s'", "it is lag_aware.lag_aware_tolerance, for all databases");
    refused_of_us("suspect_after = '1s'", "here it is suspicion.suspect_after");
}

#[test]
fn b56_names_that_others_have_for_it_are_told_ours() {
    refused("databases_config = []", "here each database is a table [[databases]]");
    refused("health_check_timeout = 3", "here it is health_check_probe_timeout");
    refused("health_check_probes_delay = 0.5", "here it is health_check_delay");
    refused("event_dispatcher = 'x'", "MultiDbConfig::events");
    refused("client_class = 'Redis'", "the url of each database says");
    refused("failover_timeout = 1", "failover_attempts times failover_delay");
    refused("failureRateThreshold = 10.0", "write failure_rate_threshold");
    refused("maxNumFailoverAttempts = 10", "here it is failover_attempts");
    refused("health-check-interval = '1s'", "write health_check_interval");
    refused_of_us("from_url = 'redis://us'", "here it is url");
    refused_of_us("from_pool = 'pool'", "DatabaseConfig::from_service");
    refused_of_us("client_kwargs = { socket_timeout = 5 }", "write its entries as keys of the database");
    refused_of_us("socket_timeout = 5", "here it is response_timeout");
    refused_of_us("ssl_ca_certs = 'ca.pem'", "here it is tls.ca_file");
    // Python that was pasted.
    refused(
        "command_retry = 'Retry(ExponentialBackoff(), 3)'",
        "give a table with the keys retries, base, cap",
    );
    refused("health_check_policy = 'HealthCheckPolicies.HEALTHY_MAJORITY'", "here it is \"majority\"");
    refused("initial_health_check_policy = 'ALL_AVAILABLE'", "here it is \"all-available\"");
}

/// No advice on a name that is a key after all, and none that leads nowhere.
#[test]
fn b56_every_advice_names_keys_that_there_are() {
    fn paths(keys: &[Key], above: &str, all: &mut Vec<String>) {
        for Key { name, shape } in keys {
            all.push(format!("{above}{name}"));
            let above =
                if matches!(shape, Shape::Tables(_)) { String::new() } else { format!("{above}{name}.") };
            paths(shape.keys(), &above, all);
        }
    }
    let mut all = Vec::new();
    paths(&Client::keys(), "", &mut all);
    for (theirs, advice) in foreign::names() {
        let is_one = |keys: Vec<Key>| keys.iter().any(|key| key.name == *theirs);
        assert!(!is_one(Client::keys()) && !is_one(Database::keys()), "{theirs} is a key");
        let Some((_, ours)) = advice.split_once("here it is ") else { continue };
        if ours.starts_with("a part of") {
            continue;
        }
        let end = ours.find(|next: char| !(next.is_ascii_lowercase() || "_.".contains(next)));
        let ours = &ours[..end.unwrap_or(ours.len())];
        assert!(all.iter().any(|path| path == ours), "{theirs}: there is no {ours}");
    }
}

#[test]
fn b56_a_wrong_type_is_told_with_what_to_give() {
    refused(
        "grace_period = 60",
        "key grace_period cannot be used: it has no unit; write \"60s\" for seconds",
    );
    refused("grace_period = 0.5", "write \"0.5s\" for seconds, \"0.5ms\" for milliseconds");
    refused("grace_period = true", "it is true or false; give a duration");
    refused("grace_period = -1", "it is a number; give a duration");
    refused("grace_period = -0.5", "it is a number; give a duration");
    refused("grace_period = '60'", "it has no unit");
    refused("grace_period = '1 minute'", "its unit is none of ms, s, m and h");
    refused("grace_period = 12:00:00", "it is a date or time; give a duration");
    refused("health_check_probes = '3'", "it is text; give a whole number, without quotes");
    refused("health_check_probes = 2.5", "it is no whole number from 0 to 4294967295");
    refused("health_check_probes = -1", "it is no whole number");
    refused("min_num_failures = 99999999999999999999", "it is no whole number");
    refused("tolerate_misconfigured = 'yes'", "give true or false, without quotes");
    refused("tolerate_misconfigured = 1", "give true or false, without quotes");
    refused("client_name = 7", "it is a number; give text, in quotes");
    refused("standby = 'hot'", "it is none of warm, cold");
    refused("standby = true", "give one of warm, cold");
    refused("health_checks = 'ping'", "it is text; give a list, in brackets");
    refused("health_checks = ['echo']", "a check is ping or role");
    refused("health_checks = ['lag-aware']", "give a table [lag_aware]");
    refused("health_checks = [{ health_check_probes = 1 }]", "a check is ping or role");
    refused("health_checks = [{ name = 'role', grace_period = '1s' }]", "grace_period is unknown");
    refused(
        "health_checks = [{ name = 'role', health_check_probs = 1 }]",
        "did you mean health_check_probes?",
    );
    refused("command_retry = 3", "it is a number; give a table with the keys retries, base, cap");
    refused("failure_kinds = []", "it is empty; name one kind at least");
    refused(
        "failure_kinds = ['dns']",
        "it is none of unreachable, connection-lost, timed-out, unserviceable",
    );
    refused("suspicion = 'slow'", "it is none of default, fast, off");
    refused("auto_fallback_interval = 0.5", "it has no unit");
    refused_of_us("weight = '1'", "it is text; give a number, without quotes");
}

#[test]
fn b56_a_rate_in_percent_is_refused() {
    refused("failure_rate_threshold = 10", "for 10 % write 0.1");
    refused("failure_rate_threshold = 25.0", "for 25 % write 0.25");
    refused("failure_rate_threshold = '10%'", "for 10 % write 0.1");
    refused("failure_rate_threshold = '0.1'", "it is text; give a number, without quotes");
    refused("failure_rate_threshold = -0.1", "it is no share from 0 to 1");
    refused("failure_rate_threshold = nan", "it is no share from 0 to 1");
    refused("health_check_jitter = 1000", "for 10 % write 0.1");
    refused("retry_budget = { share = 20 }", "key retry_budget.share cannot be used");
}

#[test]
fn b56_what_contradicts_itself_is_refused() {
    refused("urls = ['redis://eu']", "there are databases too; give either a list of urls or databases");
    refused("command_retry = { base = '2s' }", "base is 2s and cap 1s; let cap be the longer one");
    refused("redial_backoff = { cap = '1ms' }", "base is 100ms and cap 1ms");
    let error = at_the_top("password = 'a'\npassword_file = 'b'").unwrap_err().to_string();
    assert!(
        error.starts_with(
            "line 2, column 1: key password_file contradicts another one: there is password too"
        )
    );
    let error = of_us("password_file = 'b'\npassword_env = 'A'").unwrap_err().to_string();
    assert!(
        error.starts_with(
            "line 9, column 1: key password_env of database us contradicts another one: there is"
        )
    );
    refused_of_us("username = 'app'", "it has no password");
}

#[test]
fn b56_databases_that_are_no_list_of_tables_are_refused() {
    for (text, words) in [
        ("[databases]\nurl = 'redis://eu'", "begin each database with [[databases]]"),
        (
            "[databases.eu]\nurl = 'redis://eu'",
            "begin each database with [[databases]], and say its name there",
        ),
        ("databases = 'redis://eu'", "begin each database with [[databases]]"),
        ("databases = ['redis://eu']", "database number 1 cannot be used: it is text; give a table"),
        ("[[databases]]\nweight = 1", "key url of database number 1 cannot be used: it has no url"),
        ("[[databases]]\nname = 'eu'", "key url of database eu cannot be used"),
        ("urls = 'redis://eu'", "it is text; give a list, in brackets"),
        ("urls = [7]", "it is a number; give text"),
    ] {
        let error = MultiDbConfig::from_toml(text).expect_err(text).to_string();
        assert!(error.contains(words), "{text}\n  {error}");
    }
}

/// What validation finds is told where it was said.
#[test]
fn b56_what_cannot_be_used_is_told_with_its_line() {
    let line = |error: ConfigError| match setting(error) {
        SettingError { place: Place::Line { line, .. }, problem: Problem::Refused(error), .. } => {
            (line, *error)
        }
        other => panic!("{other:?}"),
    };
    let of_all = |said: &str| line(at_the_top(&format!("\n{said}")).unwrap_err());
    let of_one = |said: &str| line(of_us(said).unwrap_err());

    for text in ["", "urls = []", "databases = []", "grace_period = '1s'"] {
        assert_eq!(
            line(MultiDbConfig::from_toml(text).unwrap_err()),
            (1, ConfigError::NoDatabases),
            "{text}"
        );
    }
    let (at, error) = of_all("health_check_interval = '0s'");
    assert!(matches!(error, ConfigError::Option { option: "health_check_interval", .. }), "{error}");
    assert_eq!(at, 2);
    let (at, error) = of_all("failure_rate_threshold = 0\nmin_num_failures = 0");
    assert!(matches!(error, ConfigError::Option { option: "failure_rate_threshold", .. }), "{error}");
    assert_eq!(at, 2);
    assert_eq!(of_all("wait_for_database = '0s'").0, 2);
    assert_eq!(of_all("failover_delay = '9999999h'").0, 2);
    // What is said for all and does not suit one of them.
    let (at, error) = of_one("min_num_failures = 0\nfailure_rate_threshold = 0");
    assert!(matches!(error, ConfigError::DatabaseOption { .. }), "{error}");
    assert_eq!(at, 9);
    assert_eq!(of_one("response_timeout = '0s'").0, 8);
    assert_eq!(of_one("weight = 0").0, 8);
    assert_eq!(of_one("weight = nan").0, 8);
    assert_eq!(of_one("client_name = 'two words'").0, 8);

    let third = |said: &str| line(of_us(&format!("[[databases]]\n{said}")).unwrap_err());
    let twice = third("url = 'redis://other'\nname = 'us'");
    assert_eq!(twice, (10, ConfigError::DuplicateName { database: "us".into() }));
    let twice = third("name = 'other'\nurl = 'redis://EU:6379'");
    assert_eq!(twice, (10, ConfigError::DuplicateAddress { database: "other".into() }));
    let text = "urls = [\n'redis://eu',\n'redis://eu/0']";
    let error = MultiDbConfig::from_toml(text).unwrap_err();
    assert_eq!(line(error), (3, ConfigError::DuplicateAddress { database: "eu:6379".into() }));
}

#[test]
fn b56_a_url_that_cannot_be_read_is_told_with_its_database_and_line() {
    let text = "[[databases]]\nname = 'eu'\nurl = 'http://eu'";
    let error = MultiDbConfig::from_toml(text).unwrap_err();
    assert!(error.to_string().starts_with("line 3, column 7: the url http… cannot be used: "), "{error}");
    let inner = error.source().and_then(|error| error.downcast_ref::<ConfigError>());
    assert!(matches!(inner, Some(ConfigError::Url { .. })), "{inner:?}");
    let error = setting(error);
    assert_eq!((error.database.as_deref(), error.key.as_deref()), (Some("eu"), Some("url")));

    let error = MultiDbConfig::from_toml("urls = [\n'redis://eu',\n'us']").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("line 3, column 1: the url without a scheme … cannot be used: number 2: "),
        "{error}"
    );
}

#[test]
fn b56_what_is_no_toml_is_told_with_its_line() {
    let error = setting(at_the_top("\ngrace_period = 60s").unwrap_err());
    assert_eq!(error.place, Place::Line { file: None, line: 2, column: 16 });
    assert!(matches!(error.problem, Problem::Syntax(_)));
    let error = at_the_top("grace_period = '1s'\ngrace_period = '2s'").unwrap_err();
    assert!(error.to_string().starts_with("line 2, column 1: the configuration is not TOML: "), "{error}");
}

#[test]
fn b56_a_file_is_named_in_what_is_said_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis.toml");
    let error = MultiDbConfig::from_toml_file(&path).unwrap_err();
    assert!(error.to_string().contains("redis.toml: the configuration cannot be read"), "{error}");
    let cause = error.source().and_then(Error::source).and_then(|error| error.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound));

    std::fs::write(&path, "urls = ['redis://eu']\nweight = 1").unwrap();
    let error = MultiDbConfig::from_toml_file(&path).unwrap_err();
    assert!(error.to_string().contains("redis.toml:2:1: key weight is unknown"), "{error}");

    std::fs::write(&path, "urls = ['redis://eu']").unwrap();
    assert_eq!(MultiDbConfig::from_toml_file(&path).unwrap().databases.len(), 1);
}

#[cfg(not(feature = "tls-no-provider"))]
#[test]
fn b56_without_its_feature_a_table_says_which_to_switch_on() {
    refused_of_us("tls = { ca_file = 'ca.pem' }", "switch on the feature `tls`");
    refused("lag_aware = {}", "switch on the feature `lag-aware`");
    refused_of_us("tls = { ca_fil = 'ca.pem' }", "key tls.ca_fil of database us is unknown");
}

#[cfg(feature = "lag-aware")]
#[test]
fn b56_tables_of_features_are_checked_key_by_key() {
    refused(
        "lag_aware = { timeout = '0s' }",
        "key lag_aware.timeout cannot be used: it is less than a millisecond",
    );
    refused(
        "lag_aware = { rest_api_port = 70000 }",
        "key lag_aware.rest_api_port cannot be used: it is no whole",
    );
    refused("lag_aware = { lag_aware_tolerance = 100 }", "\"100ms\" for milliseconds");
    refused("lag_aware = { auth_basic = ['monitor', 'x'] }", "give a table with the keys username, password");
    refused("lag_aware = { auth_basic = { username = 'monitor' } }", "give username and password, both");
    refused("lag_aware = { tls = { server_name = 'x' } }", "key lag_aware.tls.server_name cannot be used");
    refused("tls = { client_cert_file = 'a', client_cert_data = 'b' }", "there is client_cert_file too");
    refused("tls = { client_cert_file = 'a' }", "key tls.client_key_file");
    for files in ["'ca.pem'", "['ca.pem', 'next.pem']"] {
        refused(
            &format!("tls = {{ ca_file = {files} }}"),
            "key tls contradicts another one: no url asks for it",
        );
    }
    refused_of_us("tls = { verify_tls = 'no' }", "key tls.verify_tls of database us cannot be used");
    let error = of_us("tls = {}").unwrap_err().to_string();
    assert!(
        error.starts_with("line 8, column 1: option tls of database us cannot be used: the url"),
        "{error}"
    );
    let error = at_the_top("lag_aware = {}").unwrap_err().to_string();
    assert!(error.starts_with("line 2, column 1: option health_check_url of database eu"), "{error}");
    let error = of_us("health_check_url = 'http://eu'\n[lag_aware]").unwrap_err().to_string();
    assert!(error.contains("health_check_url"), "{error}");
}
