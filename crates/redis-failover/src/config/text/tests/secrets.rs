//! No secret is shown, wherever it stands and whatever is wrong; and no text is the end of us.

use proptest::prelude::*;

use super::DATABASES;
use crate::{ConfigError, MultiDbConfig};

const SECRET: &str = "hunter2";

fn assert_hidden(shown: &str, of: &str) {
    assert!(!shown.contains(SECRET), "{of}\n  shows: {shown}");
}

/// All that an error shows, and its sources.
fn all_of(error: &ConfigError) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    shown
}

/// Texts in which a secret stands in every place where one may, and where one may stand by mistake.
const SECRET_TEXTS: &[&str] = &[
    "redis://:hunter2@eu",
    "urls = redis://:hunter2@eu",
    "urls = ['redis://:hunter2@eu'",
    "urls = ['redis://:hunter2@eu', 'redis://:hunter2@eu']",
    "urls = ['hunter2']",
    "urls = ['http://:hunter2@eu']",
    "urls = ['redis://:hunter2@eu:99999']",
    "urls = ['redis://:hunter2@eu', ':hunter2@eu']",
    "urls = 'redis://:hunter2@eu'",
    "urls = [{ url = 'redis://:hunter2@eu' }]",
    "'redis://:hunter2@eu' = 1",
    "databases = 'redis://:hunter2@eu'",
    "databases = ['redis://:hunter2@eu']",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\nname = 'eu",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\nweight = 0",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\nweight = 'hunter2'",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\nurl = 'redis://:hunter2@eu'",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\nwieght = 1",
    "[[databases]]\nurl = 'redis://:hunter2@eu'\npassword = 'hunter2'",
    "[[databases]]\nurl = 'redis://hunter2@eu'\nusername = 'hunter2'",
    "[[databases]]\nurl = 'redis://:hunter2@eu:99999'",
    "[[databases]]\nurl = ':hunter2@eu'",
    "[[databases]]\nurl = 'rediss://:hunter2@eu#hunter2'",
    "[[databases]]\nurl = 'redis://eu'\npassword = hunter2",
    "[[databases]]\nurl = 'redis://eu'\npassword = ['hunter2']",
    "[[databases]]\nurl = 'redis://eu'\npassword = \"hunter2\\x\"",
    "[[databases]]\nurl = 'redis://eu'\npassword = 'hunter2'\npassword_env = 'A'",
    "[[databases]]\nurl = 'redis://eu'\npasword = 'hunter2'",
    "[[databases]]\nurl = 'redis://eu'\nclient_kwargs = { password = 'hunter2' }",
    "[[databases]]\nurl = 'redis://eu'\nhealth_check_url = 'https://:hunter2@eu'",
    "[[databases]]\nurl = 'redis://eu'\nhealth_check_url = 'https://:hunter2@eu'\n[lag_aware]",
    "[[databases]]\nurl = 'redis://eu'\nusername = 'hunter2'",
    "[[databases]]\nurl = 'redis://eu'\ntls = { client_key_data = 'hunter2' }",
    "[[databases]]\nurl = 'rediss://eu'\ntls = { client_key_data = 'hunter2', client_cert_data = 'hunter2' }",
    "[[databases]]\nurl = 'rediss://eu'\ntls = { client_key_password = 'hunter2' }",
    "[[databases]]\nurl = 'rediss://eu'\ntls = { client_key_password = 'hunter2', ca_fil = '' }",
    "grace_period = 'hunter2'",
    "client_name = 'hunter2 hunter2'",
    "standby = 'hunter2'",
    "health_checks = ['hunter2']",
    "health_checks = 'hunter2'",
    "failure_rate_threshold = 'hunter2%'",
    "command_retry = 'hunter2'",
    "suspicion = 'hunter2'",
    "lag_aware = { auth_basic = { username = 'u', password = 'hunter2' } }",
    "lag_aware = { auth_basic = { username = 'u:hunter2', password = 'hunter2' } }",
    "lag_aware = { auth_basic = { password = 'hunter2' } }",
    "lag_aware = { auth_basic = ['u', 'hunter2'] }",
];

#[test]
fn b56_no_error_shows_a_secret() {
    let mut errors = 0;
    for text in SECRET_TEXTS {
        for text in [(*text).to_owned(), format!("{text}{DATABASES}"), format!("\n\n{text}\nxyz = 1")] {
            match MultiDbConfig::from_toml(&text) {
                Ok(config) => assert_hidden(&format!("{config:?} {config:#?}"), &text),
                Err(error) => {
                    errors += 1;
                    assert_hidden(&all_of(&error), &text);
                }
            }
        }
    }
    assert!(errors > 100, "{errors}");
}

#[test]
fn b56_no_error_of_the_environment_shows_a_secret() {
    for (name, value) in [
        ("URLS", "redis://:hunter2@eu,:hunter2@us"),
        ("URLS", "redis://:hunter2@eu,redis://:hunter2@eu"),
        ("CONFIG", "redis://:hunter2@eu"),
        ("PASSWORD", "hunter2"),
        ("PASWORD", "hunter2"),
        ("GRACE_PERIOD", "hunter2"),
        ("HEALTH_CHECKS", "hunter2"),
        ("DATABASE_1_URL", ":hunter2@eu"),
        ("DATABASE_1_PASSWORD", "hunter2"),
        ("DATABASE_3_PASSWORD", "hunter2"),
        ("LAG_AWARE_AUTH_BASIC_PASSWORD", "hunter2"),
        ("LAG_AWARE_AUTH_BASIC_PASSWORT", "hunter2"),
        ("TLS_CLIENT_KEY_PASSWORD", "hunter2"),
    ] {
        let variable = (format!("REDIS_FAILOVER_{name}"), value.to_owned());
        let error = MultiDbConfig::from_env_with("REDIS_FAILOVER", [variable]).unwrap_err();
        assert_hidden(&all_of(&error), name);
    }
}

#[test]
fn b56_no_error_of_a_file_shows_what_is_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis.toml");
    let contents: [&[u8]; 3] = [b"password = 'hunter2", b"hunter2 = \xff", b"[[databases]]\nurl = 'hunter2'"];
    for content in contents {
        std::fs::write(&path, content).unwrap();
        let error = MultiDbConfig::from_toml_file(&path).unwrap_err();
        let shown = all_of(&error);
        // The key of its own is the only thing that may be: it is how the line is found.
        assert_hidden(&shown, "a file");
    }
    let error = MultiDbConfig::from_toml_file("redis://:hunter2@eu").unwrap_err();
    assert_hidden(&all_of(&error), "a url in place of a path");
}

#[test]
fn b56_no_configuration_shows_a_secret() {
    let text = "username = 'app'
        password = 'hunter2'
        [[databases]]
        url = 'redis://eu'
        name = 'eu'
        [[databases]]
        url = 'redis://app:hunter2@us'
        [[databases]]
        url = 'redis://other'
        password = 'hunter2'";
    let config = MultiDbConfig::from_toml(text).unwrap();
    assert_hidden(&format!("{config:?} {config:#?}"), "the configuration");
    let client = crate::MultiDbClient::new(config).unwrap();
    assert_hidden(&format!("{client:?}"), "the client");
}

/// TOML that is nearly ours: keys that there are, and others, with all kinds of values.
fn nearly_ours() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "urls",
        "databases",
        "url",
        "name",
        "weight",
        "grace_period",
        "command_retry",
        "retries",
        "base",
        "cap",
        "suspicion",
        "health_checks",
        "tls",
        "ca_file",
        "lag_aware",
        "auth_basic",
        "password",
        "password_file",
        "username",
        "failure_rate_threshold",
        "standby",
        "nonsense",
        "'a b'",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "0.5",
        "inf",
        "nan",
        "true",
        "'1s'",
        "'10%'",
        "'off'",
        "'redis://eu'",
        "['redis://eu', 'redis://us']",
        "['ping']",
        "[]",
        "{}",
        "{ base = '1s' }",
        "{ name = 'role' }",
        "[{ url = 'redis://eu' }]",
        "1979-05-27",
        "''",
        "99999999999999999999999",
        "'99999999999999999999h'",
        "[[[[1]]]]",
        "{ a.b.c = 1 }",
    ]);
    let line = prop_oneof![
        6 => (key.clone(), value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        1 => key.clone().prop_map(|key| format!("[{key}]\n")),
        1 => key.prop_map(|key| format!("[[{key}]]\n")),
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn b56_no_text_is_the_end_of_us(text in any::<String>()) {
        let _ = MultiDbConfig::from_toml(&text);
    }

    #[test]
    fn b56_no_toml_is_the_end_of_us(text in nearly_ours()) {
        if let Err(error) = MultiDbConfig::from_toml(&text) {
            prop_assert!(error.to_string().starts_with("line "), "{}", error);
        }
    }

    #[test]
    fn b56_no_variable_is_the_end_of_us(name in "[A-Z0-9_]{0,24}", value in any::<String>()) {
        let urls = ("X_URLS".to_owned(), "redis://eu".to_owned());
        let _ = MultiDbConfig::from_env_with("X", [urls, (format!("X_{name}"), value)]);
    }
}
