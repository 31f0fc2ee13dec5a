//! Whatever a file or the environment says, it is a configuration or an error that names the place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redis_failover::MultiDbConfig;

fuzz_target!(|text: &str| {
    if let Err(error) = MultiDbConfig::from_toml(text) {
        assert!(!error.to_string().is_empty());
    }
    let variables = text.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        // No file of this machine is to be read.
        let name = name.trim().to_owned();
        (name != "CONFIG").then(|| (format!("REDIS_FAILOVER_{name}"), value.to_owned()))
    });
    if let Err(error) = MultiDbConfig::from_env_with("REDIS_FAILOVER", variables) {
        assert!(!error.to_string().is_empty());
    }
});
