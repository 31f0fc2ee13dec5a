#[cfg(feature = "tls")]
mod refusal;

#[cfg(feature = "tls")]
use std::sync::Arc;

use failover_testkit::tls::Authority;

use super::{Current, Tls, material::Material};

/// What a client of this authority shows, in two files.
fn show(authority: &Authority, directory: &std::path::Path) -> Tls {
    let client = authority.client("app");
    let (certificate, key) = (directory.join("app.pem"), directory.join("app.key"));
    std::fs::write(&certificate, client.certificate_pem()).unwrap();
    std::fs::write(&key, client.key_pem()).unwrap();
    Tls::new().ca_data(authority.pem()).client_cert_file(certificate).client_key_file(key)
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn b55_files_are_read_again_and_sessions_kept_until_they_change() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let current = Current::load(show(&authority, directory.path())).unwrap();
    let first = current.config().await;
    assert!(Arc::ptr_eq(&first, &current.config().await));

    show(&authority, directory.path());
    let second = current.config().await;
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&second, &current.clone().config().await));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn b55_while_files_cannot_be_used_the_last_good_ones_are() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let current = Current::load(show(&authority, directory.path())).unwrap();
    let good = current.config().await;
    std::fs::write(directory.path().join("app.key"), "half a k").unwrap();
    assert!(Arc::ptr_eq(&good, &current.config().await));
    std::fs::remove_file(directory.path().join("app.pem")).unwrap();
    assert!(Arc::ptr_eq(&good, &current.config().await));

    show(&authority, directory.path());
    assert!(!Arc::ptr_eq(&good, &current.config().await));
}

#[cfg(not(feature = "tls"))]
#[test]
fn b55_without_a_crypto_provider_there_is_an_error_and_no_panic() {
    let error = Tls::new().check().unwrap_err();
    assert!(error.to_string().contains("CryptoProvider::install_default"), "{error}");
    let directory = tempfile::tempdir().unwrap();
    assert!(Current::load(show(&Authority::new(), directory.path())).is_err());

    let database = crate::DatabaseConfig::from_url("rediss://db.example").unwrap().name("eu");
    let error = crate::MultiDbClient::new(crate::MultiDbConfig::new([database])).unwrap_err();
    assert!(error.to_string().contains("of database eu"), "{error}");
}

#[test]
fn b56_nothing_given_as_bytes_is_shown() {
    let client = Authority::new().client("app");
    let tls = Tls::new().client_cert_data(client.certificate_pem()).client_key_data(client.key_pem());
    let shown = format!("{tls:?}");
    assert!(shown.contains("(data)"), "{shown}");
    assert!(!shown.contains("BEGIN"), "{shown}");
    assert!(Material::read(&tls).is_ok());
}
