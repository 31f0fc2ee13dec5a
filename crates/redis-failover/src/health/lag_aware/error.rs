use std::{error::Error, fmt};

/// Settings of the lag-aware check that cannot be used, with the option. Shows no secret.
#[derive(Debug)]
pub struct LagAwareError {
    /// The option that is to blame.
    pub option: &'static str,
    /// What is wrong, and what to do.
    pub reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl LagAwareError {
    pub(super) fn new(option: &'static str, reason: impl Into<String>) -> Self {
        Self { option, reason: reason.into(), source: None }
    }
}

impl From<crate::connection::TlsError> for LagAwareError {
    fn from(error: crate::connection::TlsError) -> Self {
        Self { option: error.option, reason: error.reason.clone(), source: Some(Box::new(error)) }
    }
}

impl fmt::Display for LagAwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {} of the lag-aware check cannot be used: {}", self.option, self.reason)
    }
}

impl Error for LagAwareError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &**self.source.as_ref()?;
        Some(source)
    }
}
