//! Who may log in.

use std::{fmt, net::SocketAddr};

const DEFAULT: &str = "default";

/// The password of the default user, and at most one more user.
#[derive(Clone, Default)]
pub(super) struct Accounts {
    pub(super) password: Option<String>,
    pub(super) user: Option<(String, String)>,
}

impl Accounts {
    pub(super) fn has_default_password(&self) -> bool {
        self.password.is_some()
    }

    /// A URL that logs in: as the additional user if there is one.
    pub(super) fn url(&self, addr: SocketAddr) -> String {
        match &self.user {
            Some((name, password)) => crate::url(addr, Some(name), Some(password)),
            None => crate::url(addr, None, self.password.as_deref()),
        }
    }

    /// Whom a client is before it has logged in.
    pub(super) fn initial(&self) -> Option<String> {
        self.password.is_none().then(|| DEFAULT.to_owned())
    }

    /// The user, if name and password fit. Without a password of its own, the default user takes any.
    pub(super) fn log_in(&self, user: &[u8], password: &[u8]) -> Option<String> {
        if user == DEFAULT.as_bytes() {
            let fits = self.password.as_ref().is_none_or(|right| right.as_bytes() == password);
            return fits.then(|| DEFAULT.to_owned());
        }
        let (name, right) = self.user.as_ref()?;
        (name.as_bytes() == user && right.as_bytes() == password).then(|| name.clone())
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| name);
        formatter.debug_struct("Accounts").field("user", &user).finish_non_exhaustive()
    }
}
