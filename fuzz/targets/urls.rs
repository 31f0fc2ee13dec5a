//! Whatever a URL is, it is a database or refused, and what is refused is not shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis_failover::{DatabaseConfig, MultiDbConfig};

fuzz_target!(|text: &str| {
    let _ = MultiDbConfig::from_urls(text.split(','));
    for scheme in ["redis", "rediss", "redis+unix"] {
        let url = format!("{scheme}://user:planted-password@{text}");
        if let Err(error) = DatabaseConfig::from_url(&url) {
            assert!(!format!("{error} {error:?}").contains("planted-password"), "{url}");
        }
    }
});
