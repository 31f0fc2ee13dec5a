//! Whom one trusts, and what one shows.

use std::process::{Command, Stdio};

use failover_testkit::{server::ServerTls, tls::Authority};
use redis_failover::Tls;

use crate::{HERE, answers, dial, dial_as, mutual_server_of, server, server_of};

#[tokio::test]
async fn b55_a_server_is_trusted_by_its_authority_in_bytes_in_a_file_or_in_a_directory() {
    let authority = Authority::new();
    let server = server_of(&authority).await;
    answers(dial(&server, Tls::new().ca_data(authority.pem())).await).await;

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("1.pem"), Authority::new().pem()).unwrap();
    let file = directory.path().join("2.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    answers(dial(&server, Tls::new().ca_file(file)).await).await;
    answers(dial(&server, Tls::new().ca_path(directory.path())).await).await;
}

#[tokio::test]
async fn b55_without_settings_the_systems_authorities_are_trusted() {
    let authority = Authority::new();
    let (primary, secondary) = (server_of(&authority).await, server_of(&authority).await);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("system.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    // A process of its own, because this variable says where the system's are.
    let client = Command::new(env!("CARGO_BIN_EXE_client_under_load"))
        .args([primary.tls_url().unwrap(), secondary.tls_url().unwrap()])
        .env("SSL_CERT_FILE", file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&client.stdout).into_owned();
    assert!(said.starts_with("running\n"), "{said}{}", String::from_utf8_lossy(&client.stderr));
}

#[tokio::test]
async fn b55_a_server_is_dialled_by_any_name_that_its_certificate_has() {
    let authority = Authority::new();
    let server = server_of(&authority).await;
    for host in HERE {
        answers(dial_as(host, &server, Tls::new().ca_data(authority.pem())).await).await;
    }
}

#[tokio::test]
async fn b55_a_server_that_is_dialled_by_number_is_asked_for_by_name() {
    let authority = Authority::new();
    let server = server(&authority.server(["db.example"])).await;
    let tls = Tls::new().ca_data(authority.pem()).server_name("db.example");
    answers(dial(&server, tls).await).await;
}

#[tokio::test]
async fn b55_only_by_name_is_anybody_trusted() {
    let server = server(&Authority::new().expired_server(["db.example"])).await;
    assert!(dial(&server, Tls::new()).await.is_err());
    answers(dial(&server, Tls::new().verify_tls(false)).await).await;
}

#[tokio::test]
async fn b55_a_client_shows_its_certificate_where_it_must() {
    let authority = Authority::new();
    let server = mutual_server_of(&authority).await;
    let client = authority.client("app");
    let tls = Tls::new().ca_data(authority.pem());
    let shown = tls.clone().client_cert_data(client.certificate_pem()).client_key_data(client.key_pem());
    answers(dial(&server, shown).await).await;

    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("app.pem"), directory.path().join("app.key"));
    std::fs::write(&certificate, client.certificate_pem()).unwrap();
    std::fs::write(&key, client.key_pem()).unwrap();
    answers(dial(&server, tls.client_cert_file(certificate).client_key_file(key)).await).await;
}

#[tokio::test]
async fn b55_an_encrypted_key_is_opened_by_its_password() {
    let authority = Authority::new();
    let server = mutual_server_of(&authority).await;
    let client = authority.client("app");
    let tls = Tls::new()
        .ca_data(authority.pem())
        .client_cert_data(client.certificate_pem())
        .client_key_data(client.encrypted_key_pem("open-sesame"))
        .client_key_password("open-sesame");
    assert!(!format!("{tls:?}").contains("open-sesame"));
    answers(dial(&server, tls).await).await;
}

#[tokio::test]
async fn b55_a_server_that_does_not_insist_takes_a_client_that_shows_something() {
    let authority = Authority::new();
    let server = server(ServerTls::from(&authority.server(HERE))).await;
    let client = Authority::new().client("stranger");
    let tls = Tls::new().ca_data(authority.pem());
    answers(
        dial(&server, tls.client_cert_data(client.certificate_pem()).client_key_data(client.key_pem())).await,
    )
    .await;
}
