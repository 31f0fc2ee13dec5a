//! What rustls makes of the settings.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{Tls, TlsError, material::Material};

/// The settings as they are now, for one dial after the other.
///
/// # Clone
/// Clones are the same settings.
#[derive(Clone)]
pub(crate) struct Current {
    pub(super) tls: Arc<Tls>,
    last: Arc<Mutex<(Material, Arc<ClientConfig>)>>,
}

impl Current {
    /// Reads files, once.
    pub(crate) fn load(tls: Tls) -> Result<Self, TlsError> {
        let material = Material::read(&tls)?;
        let config = Arc::new(client_config(&tls, &material)?);
        Ok(Self { tls: Arc::new(tls), last: Arc::new(Mutex::new((material, config))) })
    }

    /// What files say now, if that can be used; else, what they said last. The same until they change, so that
    /// sessions are resumed.
    pub(crate) async fn config(&self) -> Arc<ClientConfig> {
        if self.tls.reads_files() {
            let current = self.clone();
            // A panic is none of ours to spread; the last settings still stand.
            let _ = tokio::task::spawn_blocking(move || current.read_again()).await;
        }
        self.last()
    }

    /// What files said when they were last read.
    pub(crate) fn last(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    fn read_again(&self) {
        let renewed = Material::read(&self.tls).and_then(|material| {
            let known = self.last.lock().unwrap_or_else(PoisonError::into_inner).0 == material;
            if known {
                return Ok(None);
            }
            let config = client_config(&self.tls, &material)?;
            Ok(Some((material, Arc::new(config))))
        });
        match renewed {
            Ok(None) => {}
            Ok(Some(renewed)) => {
                tracing::info!(tls = ?self.tls, "certificates were renewed");
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
            }
            Err(error) => tracing::warn!(%error, "certificates cannot be read again; the last ones are used"),
        }
    }
}

/// Whether everything but what is in files can be used.
pub(super) fn check(tls: &Tls) -> Result<(), TlsError> {
    provider()?;
    if let Some(name) = &tls.server_name {
        server_name(name).map_err(|reason| TlsError::new("server_name", reason))?;
    }
    match (&tls.certificate, &tls.key) {
        (Some(_), None) => {
            Err(TlsError::new("client_key_file", "it is missing; a client certificate needs its key"))
        }
        (None, Some(_)) => {
            Err(TlsError::new("client_cert_file", "it is missing; a client key needs its certificate"))
        }
        _ => Ok(()),
    }
}

pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| format!("{name} is neither a host name nor an address; set server_name"))
}

fn client_config(tls: &Tls, material: &Material) -> Result<ClientConfig, TlsError> {
    check(tls)?;
    let provider = provider()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::because("tls", "the crypto provider speaks no version of it", error))?;
    let builder = if tls.verify {
        builder.with_root_certificates(roots(tls, material)?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
    };
    let (Some(certificate), Some(key)) = (&material.certificate, &material.key) else {
        return Ok(builder.with_no_client_auth());
    };
    builder
        .with_client_auth_cert(certificate.certificates()?, key.private_key(tls.key_password.as_deref())?)
        .map_err(|error| TlsError::because(key.option, "certificate and key cannot be used together", error))
}

fn roots(tls: &Tls, material: &Material) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for pem in &material.authorities {
        for certificate in pem.certificates()? {
            roots.add(certificate).map_err(|error| {
                TlsError::because(pem.option, "a certificate in it cannot be trusted", error)
            })?;
        }
    }
    if tls.system_roots || material.authorities.is_empty() {
        let system = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(system.certs);
        if added == 0 && roots.is_empty() {
            let why = system.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
            let reason = format!("this system has no certificate authorities{why}; give some by ca_file");
            return Err(TlsError::new("system_roots", reason));
        }
    }
    Ok(roots)
}

/// The one that the application has installed, else the one that is compiled in.
fn provider() -> Result<Arc<CryptoProvider>, TlsError> {
    let installed = CryptoProvider::get_default().cloned();
    installed.or_else(compiled_in).ok_or_else(|| {
        TlsError::new(
            "tls",
            "no crypto provider is installed; call rustls's CryptoProvider::install_default first, \
             or switch on the feature `tls` of redis-failover",
        )
    })
}

#[cfg(feature = "tls")]
fn compiled_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "tls"))]
fn compiled_in() -> Option<Arc<CryptoProvider>> {
    None
}

/// Trusts every certificate; only that the other side has its key is still verified.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
