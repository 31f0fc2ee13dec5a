//! Who signs certificates, and what it signs.

#![expect(
    clippy::expect_used,
    reason = "nothing here depends on the outside: a failure is a mistake in this file"
)]

use std::{fmt, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority, made anew; nobody trusts it who was not given its certificate.
///
/// # Clone
/// Clones are the same authority.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<Issuer<'static, KeyPair>>,
    pem: Arc<str>,
}

impl Authority {
    /// An authority like no other.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        // Two of one name would be told apart by their keys alone, which reads as a broken signature.
        let name = format!("failover-testkit authority {:016x}", fastrand::u64(..));
        let mut params = named(&name, []);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = key_pair();
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        Self { pem: certificate.pem().into(), issuer: Arc::new(Issuer::new(params, key)) }
    }

    /// Its own certificate, by which one trusts it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a server with these names and addresses shows.
    #[must_use]
    pub fn server<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Identity {
        self.sign(server(names))
    }

    /// The same, but no longer valid since 2001.
    #[must_use]
    pub fn expired_server<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Identity {
        let mut params = server(names);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(params)
    }

    /// What a client of this name shows.
    #[must_use]
    pub fn client(&self, name: &str) -> Identity {
        let mut params = named(name, []);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = key_pair();
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are complete");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    certificate: String,
    key: String,
}

impl Identity {
    /// The certificate.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Its key.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// Speaks TLS as the server that this is; with `clients`, it lets in only theirs (mTLS).
    #[must_use]
    pub fn acceptor(&self, clients: Option<&Authority>) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("it was made here");
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring speaks them");
        let builder = match clients {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(der(&authority.pem)).expect("an authority's certificate can be trusted");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("there is an authority"))
            }
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(vec![der(&self.certificate)], key);
        TlsAcceptor::from(Arc::new(config.expect("certificate and key belong together")))
    }

    /// Its key, encrypted with this password (PKCS #8).
    #[must_use]
    pub fn encrypted_key_pem(&self, password: &str) -> String {
        use pkcs8::{PrivateKeyInfoRef, SecretDocument, der::pem::LineEnding, pkcs5::pbes2::Parameters};
        // As `openssl pkcs8 -topk8` does it, but salted alike every time.
        let how = Parameters::generate_pbkdf2_sha256_aes256cbc(2048, &[7; 16], [7; 16]);
        let (_, key) = SecretDocument::from_pem(&self.key).expect("it was made here");
        let key = PrivateKeyInfoRef::try_from(key.as_bytes()).expect("it was made here");
        let encrypted = key.encrypt_with_params(how.expect("the salt is long enough"), password);
        let encrypted = encrypted.expect("there is memory enough");
        encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).expect("the label is right").to_string()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("it was made here")
}

fn server<'a>(names: impl IntoIterator<Item = &'a str>) -> CertificateParams {
    let mut params = named("failover-testkit server", names);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn named<'a>(common_name: &str, names: impl IntoIterator<Item = &'a str>) -> CertificateParams {
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names).expect("the names can stand in a certificate");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn key_pair() -> KeyPair {
    KeyPair::generate().expect("the system gives random numbers")
}
