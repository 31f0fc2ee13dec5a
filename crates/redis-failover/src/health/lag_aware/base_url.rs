//! The URL of the API.

use reqwest::Url;

use super::LagAwareError;

/// Reads it: a cluster's name, or a reverse proxy's with a path. Where it names no port, `rest_api_port` is taken.
pub(super) fn read(text: &str, rest_api_port: u16) -> Result<Url, LagAwareError> {
    let refused = |reason: String| LagAwareError::new("health_check_url", reason);
    let text = text.trim();
    // What cannot be read may hold a password, and is not shown; the parser's errors do not show it either.
    let mut url = Url::parse(text).map_err(|error| refused(error.to_string()))?;
    if url.scheme() != "https" || url.cannot_be_a_base() {
        return Err(refused("let it begin with https://".into()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("give user and password by auth_basic instead".into()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("let it end with its path".into()));
    }
    if !names_port(text) {
        // Such a URL has a host, and so may have a port.
        let _ = url.set_port(Some(rest_api_port));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether a port stands in it. [`Url`] forgets one that is its scheme's default.
fn names_port(text: &str) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    after_host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn b25_the_port_is_the_apis_where_the_url_names_none() {
        for (text, read) in [
            ("https://cluster.example.com", "https://cluster.example.com:9443/"),
            ("https://cluster.example.com/", "https://cluster.example.com:9443/"),
            ("https://cluster.example.com:8443", "https://cluster.example.com:8443/"),
            ("https://proxy.example.com:443/redis/", "https://proxy.example.com/redis"),
            ("https://proxy.example.com/redis/eu", "https://proxy.example.com:9443/redis/eu"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]:9443/"),
            ("https://[2001:db8::1]:9444/", "https://[2001:db8::1]:9444/"),
            ("https://10.0.0.1", "https://10.0.0.1:9443/"),
            ("  HTTPS://Cluster.Example.com:  ".trim_end(), "https://cluster.example.com:9443/"),
        ] {
            assert_eq!(super::read(text, 9443).unwrap().as_str(), read, "{text}");
        }
    }

    #[test]
    fn b26_other_urls_are_refused_and_not_shown() {
        for text in [
            "cluster.example.com",
            "http://cluster.example.com",
            "https://admin:hunter2@cluster.example.com",
            "https://hunter2@cluster.example.com",
            "https://cluster.example.com/?password=hunter2",
            "https://cluster.example.com/#hunter2",
            "https://hunter2:hunter2@:99999",
            "https:",
            "",
        ] {
            let error = super::read(text, 9443).unwrap_err();
            assert_eq!(error.option, "health_check_url");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error}");
        }
    }
}
