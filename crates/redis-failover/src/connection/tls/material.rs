//! Certificates and keys: where they come from, and what is in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{Tls, TlsError};

/// Where something in PEM is, with the option that says so.
#[derive(Clone)]
pub(super) enum Source {
    File(&'static str, PathBuf),
    Directory(&'static str, PathBuf),
    Data(&'static str, Arc<[u8]>),
}

/// PEM, with the option it came by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    pub(super) option: &'static str,
    bytes: Arc<[u8]>,
}

/// Everything that [`Tls`] names, as it was read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) authorities: Vec<Pem>,
    pub(super) certificate: Option<Pem>,
    pub(super) key: Option<Pem>,
}

impl Source {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(_, path) | Self::Directory(_, path) => Some(path),
            Self::Data(..) => None,
        }
    }

    fn option(&self) -> &'static str {
        match self {
            Self::File(option, _) | Self::Directory(option, _) | Self::Data(option, _) => option,
        }
    }

    fn read(&self) -> Result<Pem, TlsError> {
        let bytes = match self {
            Self::Data(_, bytes) => Ok(Arc::clone(bytes)),
            Self::File(_, path) => fs::read(path).map(Arc::from),
            Self::Directory(_, path) => read_directory(path).map(Arc::from),
        };
        let option = self.option();
        bytes.map(|bytes| Pem { option, bytes }).map_err(|error| {
            let path = self.path().unwrap_or(Path::new("")).display();
            TlsError::because(option, format_args!("{path} cannot be read"), error)
        })
    }
}

/// All files one after the other, in the order of their names; what is no file is left out.
fn read_directory(directory: &Path) -> io::Result<Vec<u8>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(|path| path.is_file()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(fs::read(path)?);
        all.push(b'\n');
    }
    Ok(all)
}

impl Material {
    pub(super) fn read(tls: &Tls) -> Result<Self, TlsError> {
        let optional = |source: &Option<Source>| source.as_ref().map(Source::read).transpose();
        Ok(Self {
            authorities: tls.authorities.iter().map(Source::read).collect::<Result<_, _>>()?,
            certificate: optional(&tls.certificate)?,
            key: optional(&tls.key)?,
        })
    }
}

impl Pem {
    /// At least one certificate; what else is in there is passed over.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Vec<_> = CertificateDer::pem_slice_iter(&self.bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| TlsError::because(self.option, "it is not PEM", error))?;
        if found.is_empty() {
            return Err(TlsError::new(self.option, "there is no certificate in it; give one in PEM"));
        }
        Ok(found)
    }

    /// The first private key, decrypted where it is encrypted.
    pub(super) fn private_key(&self, password: Option<&str>) -> Result<PrivateKeyDer<'static>, TlsError> {
        match (self.encrypted(), password) {
            (None, _) => PrivateKeyDer::from_pem_slice(&self.bytes)
                .map_err(|error| TlsError::because(self.option, "there is no private key in it", error)),
            (Some(pem), Some(password)) => self.decrypt(pem, password),
            (Some(_), None) => Err(TlsError::new(
                self.option,
                "the key is encrypted; give client_key_password (with the feature `lag-aware`), or decrypt it",
            )),
        }
    }

    fn encrypted(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        let begin = text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----")?;
        let end_line = "-----END ENCRYPTED PRIVATE KEY-----";
        let end = begin + text[begin..].find(end_line)? + end_line.len();
        Some(&text[begin..end])
    }

    #[cfg(feature = "lag-aware")]
    fn decrypt(&self, pem: &str, password: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
        use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
        let unreadable =
            |error| TlsError::because(self.option, "it is not an encrypted key in PKCS #8", error);
        let (_, document) = SecretDocument::from_pem(pem).map_err(|error| unreadable(error.into()))?;
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(unreadable)?;
        let key = encrypted.decrypt(password).map_err(|_| {
            // What is said further is of no use to who gave the wrong password.
            TlsError::new("client_key_password", "it does not decrypt the key")
        })?;
        Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
    }

    #[cfg(not(feature = "lag-aware"))]
    fn decrypt(&self, _: &str, _: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
        Err(TlsError::new(self.option, "the key is encrypted; decrypt it"))
    }
}
