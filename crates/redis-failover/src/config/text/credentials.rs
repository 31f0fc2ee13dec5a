//! As whom a database is dialled.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redis::RedisConnectionInfo;

use super::keyed::{keyed, with};
use crate::config::DatabaseConfig;
use crate::connection::{Credentials as Given, CredentialsError};

keyed! {
    /// A user, and where their password is.
    struct Credentials {
        username: String,
        password: String,
        password_file: PathBuf,
        password_env: String,
    }
}

/// Where a password is.
enum Password {
    Text(String),
    File(PathBuf),
    Variable(String),
}

/// What a database's credentials come to.
struct Resolved {
    username: Option<String>,
    password: Option<Password>,
}

/// Settings that cannot stand together: the key of one, and what is wrong.
pub(super) type Contradiction = (&'static str, String);

impl Credentials {
    /// The password, which is in one place.
    fn password(&self) -> Result<Option<Password>, Contradiction> {
        let places = [
            ("password", self.password.clone().map(Password::Text)),
            ("password_file", self.password_file.clone().map(Password::File)),
            ("password_env", self.password_env.clone().map(Password::Variable)),
        ];
        let mut said = places.into_iter().filter_map(|(key, place)| Some((key, place?)));
        let first = said.next();
        match (first, said.next()) {
            (Some((one, _)), Some((other, _))) => {
                Err((other, format!("there is {one} too; give the password in one place")))
            }
            (first, _) => Ok(first.map(|(_, place)| place)),
        }
    }

    /// That they do not contradict themselves.
    pub(super) fn check(&self) -> Result<(), Contradiction> {
        self.password().map(drop)
    }

    /// These, where they are silent those `for_all`, and over both what the URL says.
    fn resolve(&self, for_all: &Self, url: &RedisConnectionInfo) -> Result<Resolved, Contradiction> {
        let own = self.password()?;
        if url.username().is_some() && self.username.is_some() {
            return Err(("username", "the url names a user too; name them once".into()));
        }
        if url.password().is_some() {
            if let Some(own) = own {
                return Err((own.key(), "the url holds a password too; give it in one place".into()));
            }
            return Ok(Resolved { username: self.username.clone(), password: None });
        }
        let password = match own {
            Some(own) => Some(own),
            None => for_all.password()?,
        };
        let of_all = || for_all.username.clone().filter(|_| url.username().is_none());
        let username = self.username.clone().or_else(of_all);
        if username.is_some() && password.is_none() {
            let reason = "it has no password; give it by password, password_file or password_env";
            return Err(("username", reason.into()));
        }
        Ok(Resolved { username, password })
    }

    /// The database with what they come to.
    pub(super) fn apply(
        &self,
        for_all: &Self,
        mut database: DatabaseConfig,
    ) -> Result<DatabaseConfig, Contradiction> {
        let settings = database.settings();
        let Resolved { username, password } = self.resolve(for_all, &settings)?;
        let static_password = match &password {
            Some(Password::Text(password)) => Some(password),
            _ => None,
        };
        if username.is_some() || static_password.is_some() {
            let settings = with(settings, username.as_ref(), RedisConnectionInfo::set_username);
            database =
                database.redis_settings(with(settings, static_password, RedisConnectionInfo::set_password));
        }
        let username: Option<Arc<str>> = username.map(Arc::from);
        Ok(match password {
            Some(Password::File(path)) => {
                let path: Arc<Path> = path.into();
                database.credentials(move || from_file(username.clone(), Arc::clone(&path)))
            }
            Some(Password::Variable(name)) => {
                database.credentials(move || ready(from_variable(username.as_ref(), &name)))
            }
            Some(Password::Text(_)) | None => database,
        })
    }
}

impl Password {
    fn key(&self) -> &'static str {
        match self {
            Self::Text(_) => "password",
            Self::File(_) => "password_file",
            Self::Variable(_) => "password_env",
        }
    }
}

/// Reads the password's file whenever it is asked: off the runtime's threads, for its disk may be a slow one.
async fn from_file(username: Option<Arc<str>>, path: Arc<Path>) -> Result<Given, CredentialsError> {
    let read = tokio::task::spawn_blocking(move || {
        std::fs::read_to_string(&path)
            .map_err(|error| format!("password_file {} cannot be read: {error}", path.display()))
    });
    let text = read.await.map_err(|_| "password_file was not read: the runtime ends")??;
    given(username, text.trim_end_matches(['\r', '\n']), "password_file")
}

/// Reads the password's variable whenever it is asked.
fn from_variable(username: Option<&Arc<str>>, name: &str) -> Result<Given, CredentialsError> {
    // What the error would show besides is the value.
    let text = std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => format!("password_env {name} is not set"),
        std::env::VarError::NotUnicode(_) => format!("password_env {name} is not UTF-8"),
    })?;
    given(username.cloned(), &text, "password_env")
}

fn given(username: Option<Arc<str>>, password: &str, key: &str) -> Result<Given, CredentialsError> {
    if password.is_empty() {
        return Err(format!("{key} leads to an empty password").into());
    }
    Ok(match username {
        Some(username) => Given::user(username, password),
        None => Given::password(password),
    })
}
