//! Addresses as URLs.

use std::net::SocketAddr;

/// A `redis://` URL; what is not allowed in its user part is percent-encoded.
pub(crate) fn url(address: SocketAddr, user: Option<&str>, password: Option<&str>) -> String {
    format!("redis://{}{address}/", user_part(user, password))
}

/// The same as `rediss://`.
pub(crate) fn tls_url(address: SocketAddr, user: Option<&str>, password: Option<&str>) -> String {
    format!("rediss://{}{address}/", user_part(user, password))
}

fn user_part(user: Option<&str>, password: Option<&str>) -> String {
    match password {
        Some(password) => format!("{}:{}@", encoded(user.unwrap_or_default()), encoded(password)),
        None => String::new(),
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_what_a_url_may_not() {
        let address = SocketAddr::from(([127, 0, 0, 1], 6380));
        assert_eq!(url(address, None, None), "redis://127.0.0.1:6380/");
        assert_eq!(url(address, None, Some("a@b/c")), "redis://:a%40b%2Fc@127.0.0.1:6380/");
        assert_eq!(url(address, Some("app"), Some("x")), "redis://app:x@127.0.0.1:6380/");
        assert_eq!(tls_url(address, None, Some("x")), "rediss://:x@127.0.0.1:6380/");
    }
}
