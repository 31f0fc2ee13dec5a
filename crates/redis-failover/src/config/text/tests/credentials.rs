//! As whom a database is dialled.

use crate::connection::connection_info;
use crate::{DatabaseConfig, MultiDbConfig};

/// One database, of this URL and with this said of it, and this of all.
fn one(url: &str, own: &str, of_all: &str) -> Result<DatabaseConfig, String> {
    let text = format!("{of_all}\n[[databases]]\nname = 'eu'\nurl = '{url}'\n{own}");
    let config = MultiDbConfig::from_toml(&text).map_err(|error| error.to_string())?;
    Ok(config.databases[0].clone())
}

/// The user and password that it is dialled with at first.
fn dialled(database: &DatabaseConfig) -> (Option<String>, Option<String>) {
    let settings = database.settings();
    (settings.username().map(str::to_owned), settings.password().map(str::to_owned))
}

fn user(user: &str, password: &str) -> (Option<String>, Option<String>) {
    (Some(user.to_owned()), Some(password.to_owned()))
}

#[test]
fn b56_credentials_are_those_of_the_url_then_its_own_then_those_of_all() {
    let none = (None, None);
    let of_all = "username = 'all'\npassword = 'of-all'";
    for (url, own, of_all, expected) in [
        ("redis://eu", "", "", none.clone()),
        ("redis://app:own@eu", "", of_all, user("app", "own")),
        ("redis://:own@eu", "", of_all, (None, Some("own".to_owned()))),
        ("redis://:own@eu", "username = 'app'", of_all, user("app", "own")),
        ("redis://eu", "username = 'app'\npassword = 'own'", of_all, user("app", "own")),
        ("redis://eu", "password = 'own'", of_all, user("all", "own")),
        ("redis://eu", "username = 'app'", of_all, user("app", "of-all")),
        ("redis://app@eu", "", of_all, user("app", "of-all")),
        ("redis://eu", "", of_all, user("all", "of-all")),
        ("redis://eu", "", "password = 'of-all'", (None, Some("of-all".to_owned()))),
    ] {
        let database = one(url, own, of_all).unwrap();
        assert_eq!(dialled(&database), expected, "{url} {own} {of_all}");
        assert!(database.credentials.is_none());
    }
    // The rest of the URL stays.
    let database = one("redis://eu:7000/3?protocol=resp3", "password = 'own'", "").unwrap();
    let plain = connection_info("redis://eu:7000/3?protocol=resp3").unwrap();
    let (settings, of_url) = (database.settings(), plain.redis_settings());
    assert_eq!((settings.db(), settings.protocol()), (of_url.db(), of_url.protocol()));
}

#[test]
fn b56_a_password_is_given_in_one_place() {
    for (url, own, key) in [
        ("redis://:hunter2@eu", "password = 'own'", "password"),
        ("redis://:hunter2@eu", "password_file = '/own'", "password_file"),
        ("redis://:hunter2@eu", "password_env = 'OWN'", "password_env"),
        ("redis://app@eu", "username = 'app'\npassword = 'own'", "username"),
    ] {
        let error = one(url, own, "").unwrap_err();
        let told = format!("key {key} of database eu contradicts another one: the url");
        assert!(error.contains(&told), "{error}");
    }
}

/// As whom the provider says to dial, which is told by the settings that it is applied to.
async fn given(database: &DatabaseConfig) -> Result<(Option<String>, Option<String>), String> {
    let provider = database.credentials.as_ref().expect("it has none");
    let credentials = provider.credentials().await.map_err(|error| error.to_string())?;
    let settings = credentials.applied(database.settings());
    Ok((settings.username().map(str::to_owned), settings.password().map(str::to_owned)))
}

#[tokio::test]
async fn b14_a_password_in_a_file_is_read_again_at_each_dial() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    let said = format!("password_file = '{}'", path.display());
    let database = one("redis://app@eu", &said, "").unwrap();
    let error = given(&database).await.unwrap_err();
    assert!(error.contains("password_file") && error.contains("cannot be read"), "{error}");

    std::fs::write(&path, "one\n").unwrap();
    assert_eq!(given(&database).await, Ok(user("app", "one")));
    std::fs::write(&path, " two two \r\n").unwrap();
    assert_eq!(given(&database).await, Ok(user("app", " two two ")));

    let named = one("redis://eu", &format!("username = 'app'\n{said}"), "").unwrap();
    assert_eq!(given(&named).await, Ok(user("app", " two two ")));
    let of_all = one("redis://eu", "", &said).unwrap();
    assert_eq!(given(&of_all).await, Ok((None, Some(" two two ".to_owned()))));

    for nothing in ["", "\n"] {
        std::fs::write(&path, nothing).unwrap();
        assert_eq!(given(&database).await, Err("password_file leads to an empty password".to_owned()));
    }
    std::fs::write(&path, b"hunter2\xff").unwrap();
    let error = given(&database).await.unwrap_err();
    assert!(error.contains("cannot be read") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn b14_a_password_in_a_variable_is_asked_for_by_its_name() {
    // One that every process has here: cargo sets it for tests.
    let database = one("redis://app@eu", "password_env = 'CARGO_PKG_NAME'", "").unwrap();
    assert_eq!(given(&database).await, Ok(user("app", "redis-failover")));
    let database = one("redis://app@eu", "password_env = 'REDIS_FAILOVER_THAT_IS_NOT_SET'", "").unwrap();
    let expected = "password_env REDIS_FAILOVER_THAT_IS_NOT_SET is not set";
    assert_eq!(given(&database).await, Err(expected.to_owned()));
}
