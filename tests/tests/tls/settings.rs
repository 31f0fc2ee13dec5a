//! Settings that cannot be used.

use std::time::Duration;

use failover_testkit::tls::Authority;
use redis_failover::{ConfigError, DatabaseConfig, Error, MultiDbClient, MultiDbConfig, Tls};

const URL: &str = "rediss://localhost:1001";

fn with(tls: Tls) -> MultiDbConfig {
    MultiDbConfig::new([DatabaseConfig::from_url(URL).unwrap().name("eu").tls(tls)])
}

/// The error names database and option, whether the client finds out at once or when it begins.
async fn refused(config: MultiDbConfig, option: &str, advice: &str) {
    let error = match MultiDbClient::new(config) {
        Err(error) => error,
        Ok(client) => match client.connect(Duration::from_secs(1)).await.unwrap_err() {
            Error::Config(error) => error,
            other => panic!("{other:?}"),
        },
    };
    let shown = error.to_string();
    assert!(
        matches!(&error, ConfigError::DatabaseOption { database, option: named, .. } if database == "eu" && *named == option),
        "{error:?}"
    );
    assert!(shown.contains(advice), "{shown}");
}

#[tokio::test]
async fn b56_files_that_cannot_be_read_are_named() {
    refused(with(Tls::new().ca_file("/nowhere/ca.pem")), "ca_file", "/nowhere/ca.pem cannot be read").await;
    refused(with(Tls::new().ca_path("/nowhere")), "ca_path", "/nowhere cannot be read").await;
    let empty = tempfile::tempdir().unwrap();
    refused(with(Tls::new().ca_path(empty.path())), "ca_path", "there is no certificate in it").await;
}

#[tokio::test]
async fn b56_what_is_no_certificate_and_no_key_is_refused_without_being_shown() {
    let app = Authority::new().client("app");
    let with_key = |key: &str| with(Tls::new().client_cert_data(app.certificate_pem()).client_key_data(key));
    refused(with(Tls::new().ca_data("open-sesame")), "ca_data", "there is no certificate in it").await;
    refused(with(Tls::new().ca_data(app.key_pem())), "ca_data", "there is no certificate in it").await;
    refused(with_key("open-sesame"), "client_key_data", "there is no private key in it").await;
    refused(with_key(Authority::new().client("app").key_pem()), "client_key_data", "together").await;
    refused(with_key(&app.encrypted_key_pem("open-sesame")), "client_key_data", "client_key_password").await;
    let wrong = Tls::new()
        .client_cert_data(app.certificate_pem())
        .client_key_data(app.encrypted_key_pem("open-sesame"))
        .client_key_password("barley");
    assert!(!format!("{wrong:?}").contains("barley"));
    refused(with(wrong), "client_key_password", "does not decrypt the key").await;
}

#[tokio::test]
async fn b56_what_belongs_together_must_be_given_together() {
    let app = Authority::new().client("app");
    refused(with(Tls::new().client_cert_data(app.certificate_pem())), "client_key_file", "missing").await;
    refused(with(Tls::new().client_key_data(app.key_pem())), "client_cert_file", "missing").await;
    refused(with(Tls::new().server_name("not a name")), "server_name", "neither a host name").await;
    let plain = DatabaseConfig::from_url("redis://localhost:1001").unwrap().name("eu").tls(Tls::new());
    refused(MultiDbConfig::new([plain]), "tls", "let it begin with rediss").await;
}
