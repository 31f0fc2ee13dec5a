use std::{error::Error, fmt};

/// TLS settings that cannot be used, with the option. Shows no key and no password.
#[derive(Debug)]
pub struct TlsError {
    /// The option that is to blame.
    pub option: &'static str,
    /// What is wrong, and what to do.
    pub reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TlsError {
    pub(super) fn new(option: &'static str, reason: impl Into<String>) -> Self {
        Self { option, reason: reason.into(), source: None }
    }

    pub(super) fn because(
        option: &'static str,
        reason: impl fmt::Display,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { option, reason: format!("{reason}: {source}"), source: Some(Box::new(source)) }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tls option {} cannot be used: {}", self.option, self.reason)
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &**self.source.as_ref()?;
        Some(source)
    }
}
